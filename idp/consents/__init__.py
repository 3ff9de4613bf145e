"""What a person allowed a client to learn, claim by claim; remembered, shown, and withdrawn (DEC-9, NIST 800-63C
§4.6.1).

Where a statute stands in for consent, the row records that the person was informed; it cannot be withdrawn.
"""
