//! Why a request cannot be built.

/// A request that cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Neither prompt nor body.
    #[error("there is nothing to send\nhint: give a prompt, or a JSON body with -d")]
    Empty,
    /// The body is not JSON.
    #[error("the request body is not JSON: {0}\nhint: check it with `jq .`; a prompt is given without -d")]
    Json(#[from] serde_json::Error),
    /// The body is JSON, but no object.
    #[error("the request body is not a JSON object\nhint: a body looks like {{\"model\": \"…\", \"messages\": […]}}")]
    NotAnObject,
    /// The provider would refuse it.
    #[error("the request looks wrong:\n  {}\nhint: mend it, or send it all the same with --unchecked", .0.join("\n  "))]
    Invalid(Vec<String>),
    /// No model.
    #[error("no model is named for provider `{provider}`\nhint: name one with -m, or in the configuration")]
    NoModel {
        /// The provider.
        provider: String,
    },
    /// No key.
    #[error(
        "provider `{provider}` needs a key, and {variable} is not set\nhint: export {variable}=…, or set `key_env` for it in the configuration"
    )]
    NoKey {
        /// The provider.
        provider: String,
        /// The environment variable that would hold it.
        variable: String,
    },
    /// A dialect that is not built in.
    #[error("provider `{provider}` speaks `{dialect}`, which is not known\nhint: known are {known}")]
    Dialect {
        /// The provider.
        provider: String,
        /// Its dialect.
        dialect: String,
        /// All that are known.
        known: String,
    },
    /// The URL does not parse, or is not http.
    #[error("`{url}` is no URL that can be asked: {reason}\nhint: a base URL looks like https://api.openai.com/v1")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header that HTTP does not allow.
    #[error("`{name}` is no header that can be sent\nhint: headers look like -H 'Name: value', in ASCII")]
    Header {
        /// Its name.
        name: String,
    },
}
