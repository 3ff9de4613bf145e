"""What the pages show of a required new password, and of an identity that is not proven: address, template, context."""


def renewal_samples(slip):
    renewal = {"service": slip, "username": "zhangsan", "minimum": 8, "factor": "totp"}
    level = {"service": slip, "level": 1, "needed": 2, "return_url": "https://tax.example.gov.cn/"}
    return [
        ("/login/renew", "sign_in/renew_password.html", renewal),
        ("/errors/identity", "errors/identity_not_proven.html", level, 403),
    ]
