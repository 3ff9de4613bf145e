"""What the pages show of a required new password, of an identity that is not proven, and to whom is blocked: address,
template, context.
"""


def renewal_samples(slip):
    renewal = {"service": slip, "username": "zhangsan", "minimum": 8, "factor": "totp"}
    level = {"service": slip, "level": 1, "needed": 2, "return_url": "https://tax.example.gov.cn/"}
    blocked = {"service": slip, "code": "1A2B3C4D", "retry_url": "/login?i=sealed"}
    return [
        ("/login/renew", "sign_in/renew_password.html", renewal),
        ("/login/blocked", "sign_in/blocked.html", blocked, 403),
        ("/errors/identity", "errors/identity_not_proven.html", level, 403),
    ]
