"""The load generator: virtual users as generators that yield requests, driven over keep-alive connections by one loop.

A *script* yields the bytes of a request and is resumed with the answer, or yields a time and is resumed then. Only
`engine` touches sockets; everything else is plain functions over requests and answers.
"""
