"""What the pages show of a required new password, of an identity that is not proven, to whom is blocked, and of
announcements: address, template, context.
"""

from idp.web.sign_in.announcements import Announcement


def renewal_samples(say, slip, now):
    announced = [
        Announcement(
            "", say("今晚22点至24点系统维护，期间不能登录。", "Tonight from 22:00 to 24:00 nobody can sign in."), now
        ),
        Announcement(
            say("动态口令", "Authenticator app"),
            say("部分手机收不到，请改用通行密钥。", "It fails on some telephones. Use a passkey."),
            now,
        ),
    ]
    renewal = {"service": slip, "username": "zhangsan", "minimum": 8, "factor": "totp"}
    level = {"service": slip, "level": 1, "needed": 2, "return_url": "https://tax.example.gov.cn/"}
    blocked = {"service": slip, "code": "1A2B3C4D", "retry_url": "/login?i=sealed"}
    return [
        ("/login/renew", "sign_in/renew_password.html", renewal),
        ("/login/announced", "sign_in/login.html", {"service": slip, "announcements": announced}),
        ("/login/blocked", "sign_in/blocked.html", blocked, 403),
        ("/errors/identity", "errors/identity_not_proven.html", level, 403),
    ]
