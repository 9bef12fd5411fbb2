//! The same request to other providers, for when the first one refuses or has failed.

use super::{Draft, RequestError, RequestSpec, is_secret_header};
use crate::net::providers::Provider;

impl RequestSpec {
    /// As [`build`](RequestSpec::build), with the fallbacks that `provider` names, looked up among all that are `known`. One that
    /// cannot be asked is left out, and a remark says why.
    ///
    /// # Errors
    /// As [`build`](RequestSpec::build); a fallback's trouble is none.
    pub fn build_all(
        provider: &Provider,
        known: &[Provider],
        draft: Draft,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(RequestSpec, Vec<String>), RequestError> {
        // Who names a URL means that one.
        let names = if draft.base_url.is_some() { &[] } else { &provider.fallbacks[..] };
        let (mut spec, mut remarks) = RequestSpec::build(provider, draft.clone(), &variable)?;
        for name in names {
            match spec.fallback(name, known, draft.clone(), &variable) {
                Ok(fallback) => spec.fallbacks.push(fallback),
                Err(reason) => remarks.push(format!("the fallback `{name}` is left out: {reason}")),
            }
        }
        Ok((spec, remarks))
    }

    fn fallback(
        &self,
        name: &str,
        known: &[Provider],
        draft: Draft,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<RequestSpec, String> {
        let provider = known.iter().find(|provider| provider.name == name).ok_or("there is no such provider")?;
        if provider.dialect != self.dialect.id {
            return Err(format!("it speaks {}, and the session {}", provider.dialect, self.dialect.id));
        }
        // The model's name is the first provider's own, unless this one has none.
        let model = Some(provider.model.clone()).filter(|model| !model.is_empty()).unwrap_or_else(|| self.model.clone());
        // A key that was given for one provider is not shown to another.
        let headers = draft.headers.into_iter().filter(|(name, _)| !is_secret_header(name)).collect();
        let draft = Draft { model: Some(model), headers, ..draft };
        RequestSpec::build(provider, draft, variable).map(|(spec, _)| spec).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_for_one_provider_is_not_shown_to_its_fallback() {
        let entry = |model: &str, port: u16| Provider {
            model: model.into(),
            key_env: format!("KEY_{port}"),
            fallbacks: vec!["second".into()],
            name: if port == 1 { "first".into() } else { "second".into() },
            ..Provider::at(&format!("http://127.0.0.1:{port}/v1"))
        };
        let known = [entry("one", 1), entry("two", 2)];
        let headers = vec![("Authorization".into(), "Bearer for-the-first".into()), ("x-trace".into(), "7".into())];
        let draft = Draft { prompt: Some("Hi".into()), headers, ..Draft::default() };
        let key = |name: &str| (name == "KEY_2").then(|| "for-the-second".to_owned());
        let (spec, remarks) = RequestSpec::build_all(&known[0], &known, draft.clone(), key).expect("a prompt and a model");
        let [fallback] = &spec.fallbacks[..] else { panic!("{remarks:?}") };
        let sent = fallback.header_map().expect("headers that can be sent");
        assert_eq!(sent.get("authorization").map(|value| value.as_bytes()), Some(&b"Bearer for-the-second"[..]));
        assert!(sent.contains_key("x-trace") && fallback.fallbacks.is_empty());
        assert_eq!(spec.secrets().len(), 2, "both keys are masked");

        let (spec, remarks) = RequestSpec::build_all(&known[0], &known, draft, |_| None).expect("a prompt and a model");
        assert!(spec.fallbacks.is_empty() && remarks[0].contains("KEY_2 is not set"), "{remarks:?}");
    }
}
