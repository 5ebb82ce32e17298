"""The demo's log-in, which the log-in page offers in demo mode and in no other."""

DEMO_EMAIL, DEMO_PASSWORD = "demo@example.com", "demo123"  # noqa: S105 - everybody may know it
