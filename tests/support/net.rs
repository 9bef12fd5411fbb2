//! Requests to a demo provider, for tests of real I/O.

use stutterscope::{
    core::{desk::Timeouts, dialect::DialectInfo},
    net::{
        demo::DemoServer,
        providers::{PROVIDERS, Provider},
        request::{Draft, RequestSpec},
    },
};

/// A request for a scenario from a running server, with default timeouts and two attempts.
pub fn spec(server: &DemoServer, dialect: &DialectInfo, scenario: &str) -> RequestSpec {
    let mut provider = Provider::from(&PROVIDERS[0]);
    provider.dialect = dialect.id.into();
    provider.base_url = server.base_url(dialect);
    let draft = Draft {
        prompt: Some("Hello".into()),
        model: Some(format!("demo/{scenario}")),
        timeouts: Timeouts::default(),
        max_attempts: 2,
        ..Draft::default()
    };
    RequestSpec::build(&provider, draft, |_| None).expect("a provider of the table and a prompt").0
}
