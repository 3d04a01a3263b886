"""What is wrong under `alerts` is said at its line, and no sentence repeats a secret."""

import pytest

from headworks.config import load

CHANNEL = "alerts: {{channels: {{ops: {{{}}}}}}}"


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        (CHANNEL.format(""), "alerts.channels.ops", "exactly one of"),
        (
            CHANNEL.format("slack_url: 'https://a/s3cr3t', webhook_url: 'https://b/s3cr3t'"),
            "alerts.channels.ops",
            "one of",
        ),
        (CHANNEL.format("slack_url: s3cr3t"), "alerts.channels.ops.slack_url", "web address"),
        (CHANNEL.format("webhook_url: 'https://u:s3cr3t@h/'"), "alerts.channels.ops.webhook_url", "without a password"),
        (
            CHANNEL.format("webhook_url: 'https://h/', webhook_secret: s3cr3t"),
            "alerts.channels.ops.webhook_secret",
            "16",
        ),
        (CHANNEL.format("apprise_urls: [s3cr3t]"), "alerts.channels.ops.apprise_urls[0]", "apprise"),
        (
            CHANNEL.format("slack_url: 'https://a/s3cr3t', min_severity: criticl"),
            "alerts.channels.ops.min_severity",
            "one of",
        ),
        ("alerts: {time_zone: Europe/Berlinn}", "alerts.time_zone", "no time zone"),
        ("alerts: {time_zone: ../../etc/passwd}", "alerts.time_zone", "no time zone"),
        ("alerts: {quiet_hours: {start: '22:00', end: '24:00'}}", "alerts.quiet_hours.end", "time of day"),
        ("alerts: {quiet_hours: {start: '22:00', end: '22:00'}}", "alerts.quiet_hours", "the same"),
        ("alerts: {runbook_url: 'https://w/{kind}/{what}'}", "alerts.runbook_url", "{kind}"),
        ("alerts: {group_s: -1}", "alerts.group_s", "at least 0"),
        ("alerts: {group_s: nan}", "alerts.group_s", "finite"),
        ("alerts: {cache_target: {bot: 1.5}}\nfeatures: {bot: {}}", "alerts.cache_target.bot", "at most 1"),
        ("alerts: {cache_target: {bott: 0.3}}\nfeatures: {bot: {}}", "alerts.cache_target.bott", "no feature"),
        (
            "alerts: {limits: {bot: {error_rat: 0.3}}}\nfeatures: {bot: {}}",
            "alerts.limits.bot.error_rat",
            "unknown key",
        ),
    ],
)
def test_a_mistake_is_said_at_its_place(problems, text, path, words):
    found = problems(text)
    assert any(problem.path == path and words in str(problem) for problem in found), found
    assert "s3cr3t" not in str(found)


def test_secrets_come_from_the_environment_and_from_files_and_are_never_shown(tmp_path):
    (tmp_path / "hook.key").write_text("s3cr3t-0123456789abcdef\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text(
        """
alerts:
  channels:
    ops: {slack_url: "${SLACK}"}
    hook: {webhook_url: "https://h/x", webhook_secret: "file:hook.key", kinds: ["spend_*"]}
    mail: {apprise_urls: ["mailtos://me:${PASSWORD}@example.com"]}
  quiet_hours: {start: "22:00", end: "07:00"}
  time_zone: Europe/Berlin
  cache_target: {default: 0.3}
""",
        encoding="utf-8",
    )
    environ = {"SLACK": "https://hooks.slack.com/services/T0/B0/s3cr3t", "PASSWORD": "s3cr3tword"}
    config = load(tmp_path / "c.yaml", environ)
    channels = config.alerts.channels
    assert channels["hook"].webhook_secret.get_secret_value() == "s3cr3t-0123456789abcdef"
    assert channels["mail"].apprise_urls[0].get_secret_value() == "mailtos://me:s3cr3tword@example.com"
    assert "s3cr3t" not in f"{config!r} {config.public()}"
    assert set(config.alerts.secrets()) >= {environ["SLACK"], "/services/T0/B0/s3cr3t", "s3cr3t-0123456789abcdef"}
