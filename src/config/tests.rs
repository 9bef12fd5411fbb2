use super::*;

fn file(text: &str) -> Result<Config, ConfigError> {
    let mut config = Config::default();
    config.apply_file(text, Path::new("config.ron")).map(|()| config)
}

#[test]
fn a_file_overrides_defaults_and_the_environment_overrides_the_file() {
    let text = r#"(
        provider: "mine",
        providers: { "mine": (base_url: "http://10.0.0.2:8000/v1", headers: { "x-team": "a" }) },
        params: { "stall.gap_ms": 3000 },
        strategy: "v2-states",
        timeouts: (idle_ms: 20000, first_byte_ms: 0),
        glyphs: ascii,
    )"#;
    let mut config = file(text).unwrap();
    assert_eq!(config.provider.as_deref(), Some("mine"));
    assert_eq!(config.profile.params.get(Param::StallGap), 3_000);
    assert_eq!(config.profile.strategy, Strategy::V2States);
    assert_eq!(config.profile.name, "config");
    assert_eq!(config.timeouts.idle, Some(Micros::from_millis(20_000)));
    assert_eq!(config.timeouts.first_byte, None);
    assert_eq!(config.timeouts.connect, Timeouts::default().connect);
    assert_eq!(config.glyphs, Glyphs::Ascii);
    let mine = config.all_providers().into_iter().find(|provider| provider.name == "mine").unwrap();
    assert_eq!((mine.base_url.as_str(), mine.headers.len()), ("http://10.0.0.2:8000/v1", 1));

    let variable = |name: &str| match name {
        "STUTTERSCOPE_GLYPHS" => "unicode",
        "STUTTERSCOPE_PROFILE" => "eager",
        _ => "growth",
    };
    config.apply_environment(|name| Some(variable(name).into())).unwrap();
    assert_eq!((config.provider.as_deref(), config.profile.strategy), (Some("growth"), Strategy::Growth));
    assert_eq!(config.profile.name, "eager");
    assert_eq!(config.glyphs, Glyphs::Unicode);
    assert_eq!(file("()").unwrap().profile, Profile::default());
}

#[test]
fn the_desk_is_configured_in_milliseconds_and_per_cents() {
    let text = r#"(
        max_attempts: 4,
        desk: (
            breaker: (trip_at: 5, failure_percent: 25, open_ms: 10000),
            retry: (base_ms: 200, budget_min: 0),
            requests_per_minute: 60,
            slow_ms: 8000,
            stutter_is_slow: true,
        ),
    )"#;
    let desk = file(text).unwrap().desk();
    let config = desk.config();
    assert_eq!((config.breaker.trip_at, config.breaker.failure_rate, config.breaker.open_us), (5, 250, 10_000_000));
    assert_eq!((config.retry.base_us, config.retry.budget_min, config.retry.max_attempts), (200_000, 0, 4));
    assert_eq!(config.requests_per_minute.map(u32::from), Some(60));
    assert_eq!((config.slow_us, config.stutter_is_slow, config.last_resort), (8_000_000, true, false));

    let standard = DeskConfig::default();
    let desk = file("(desk: (requests_per_minute: 0))").unwrap().desk();
    assert_eq!((&desk.config().breaker, desk.config().requests_per_minute), (&standard.breaker, None));
    assert_eq!(desk.config().retry.max_attempts, Config::default().max_attempts);
}

#[test]
fn errors_name_file_line_and_column_and_say_what_would_do() {
    for (text, expected) in [
        ("(\n  provder: \"x\",\n)", "config.ron:2:"),
        ("(\n  provder: \"x\",\n)", "provder"),
        ("(\n  params: { \"stall.gap\": 1 },\n)", "did you mean stall.gap_ms?"),
        ("(\n  params: { \"stall.gap_ms\": 1 },\n)", "goes from 100 to 600000 ms"),
        ("(strategy: \"best\")", "the strategies are evidence, v1"),
        ("(glyphs: emoji)", "config.ron:1:"),
        ("(timeouts: (idle: 3))", "idle_ms"),
        ("(desk: (breaker: (trip_at: 0)))", "config.ron:1:28: 0 is out of range; it goes from 1 to 10000"),
        ("(desk: (breaker: (slow_percent: 101)))", "it goes from 1 to 100 per cent"),
        ("", "config.ron:1:1"),
        ("(provider: 3)", "config.ron:1:11"),
    ] {
        let error = file(text).unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("hint: "), "{text}: {error}");
    }
}

#[test]
fn flags_are_checked_as_the_file_is() {
    assert_eq!(parse_param("stall.gap_ms=3000"), Ok((Param::StallGap, 3_000)));
    for (text, expected) in
        [("stall.gap_ms", "ID=VALUE"), ("x=1", "no parameter"), ("hold.ms=a", "whole number"), ("hold.ms=10001", "range")]
    {
        let error = parse_param(text).unwrap_err();
        assert!(error.contains(expected) && error.contains("hint: "), "{error}");
    }
}
