"""What the logout pages show in samples: address, template, context."""


def logout_samples(say, slip, tax, ago):
    welfare = say("社保查询", "Social Insurance")
    return [
        (
            "/logout",
            "logout/confirm.html",
            {
                "service": slip,
                "person": "张*三",
                "services": [{"name": tax, "since": ago(hours=1)}, {"name": welfare, "since": ago(days=1)}],
                "only_this": True,
                "stay_url": "/account",
            },
        ),
        ("/logout/plain", "logout/confirm.html", {}),
        (
            "/logout/done",
            "logout/done.html",
            {
                "service": slip,
                "deliveries": [
                    {"name": tax, "state": "done"},
                    {"name": welfare, "state": "retrying"},
                    {"name": say("公积金", "Housing Fund"), "state": "local"},
                ],
                "return_url": "https://tax.example.gov.cn/",
            },
        ),
    ]
