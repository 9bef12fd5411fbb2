//! Providers: where they are, what they speak, and which variable holds the key. One table, which the configuration extends.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A row of [`PROVIDERS`].
#[derive(Debug)]
pub struct ProviderInfo {
    /// Name on the command line.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Base URL; the dialect's path follows it. Empty for the demo provider, whose port is known when it runs.
    pub base_url: &'static str,
    /// Dialect id.
    pub dialect: &'static str,
    /// Environment variable that holds the key, empty if none is needed.
    pub key_env: &'static str,
    /// Model that is asked for when none is named, empty if one must be named.
    pub model: &'static str,
}

/// Name of the embedded provider in its first dialect.
pub const DEMO: &str = "demo";

const fn row(
    name: &'static str,
    title: &'static str,
    base_url: &'static str,
    dialect: &'static str,
    key_env: &'static str,
    model: &'static str,
) -> ProviderInfo {
    ProviderInfo { name, title, base_url, dialect, key_env, model }
}

/// Every provider known without configuration.
pub const PROVIDERS: &[ProviderInfo] = &[
    row(DEMO, "embedded demo", "", "openai-chat", "", "demo/tour"),
    row("demo-anthropic", "embedded demo, as Anthropic", "", "anthropic", "", "demo/tour"),
    row("demo-responses", "embedded demo, as OpenAI Responses", "", "openai-responses", "", "demo/tour"),
    row("demo-gemini", "embedded demo, as Gemini", "", "gemini", "", "demo/tour"),
    row("demo-ollama", "embedded demo, as Ollama", "", "ollama", "", "demo/tour"),
    row("openai", "OpenAI", "https://api.openai.com/v1", "openai-chat", "OPENAI_API_KEY", "gpt-5-mini"),
    row("anthropic", "Anthropic", "https://api.anthropic.com", "anthropic", "ANTHROPIC_API_KEY", "claude-haiku-4-5"),
    row("ollama", "Ollama on this machine", "http://127.0.0.1:11434", "ollama", "", ""),
    row("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "openai-chat", "OPENROUTER_API_KEY", "openrouter/auto"),
    row("deepseek", "DeepSeek", "https://api.deepseek.com", "openai-chat", "DEEPSEEK_API_KEY", "deepseek-chat"),
    row("groq", "Groq", "https://api.groq.com/openai/v1", "openai-chat", "GROQ_API_KEY", "llama-3.3-70b-versatile"),
    row("mistral", "Mistral", "https://api.mistral.ai/v1", "openai-chat", "MISTRAL_API_KEY", "mistral-small-latest"),
    row(
        "dashscope",
        "DashScope, OpenAI-compatible",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "openai-chat",
        "DASHSCOPE_API_KEY",
        "qwen-plus",
    ),
    row("xai", "xAI", "https://api.x.ai/v1", "openai-chat", "XAI_API_KEY", "grok-4"),
    row("together", "Together", "https://api.together.xyz/v1", "openai-chat", "TOGETHER_API_KEY", ""),
    row("fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1", "openai-chat", "FIREWORKS_API_KEY", ""),
    row("cerebras", "Cerebras", "https://api.cerebras.ai/v1", "openai-chat", "CEREBRAS_API_KEY", ""),
    row("lmstudio", "LM Studio on this machine", "http://127.0.0.1:1234/v1", "openai-chat", "", ""),
    row("llamacpp", "llama.cpp on this machine", "http://127.0.0.1:8080/v1", "openai-chat", "", "default"),
    row("vllm", "vLLM on this machine", "http://127.0.0.1:8000/v1", "openai-chat", "", ""),
    row(
        "openai-responses",
        "OpenAI, Responses API",
        "https://api.openai.com/v1",
        "openai-responses",
        "OPENAI_API_KEY",
        "gpt-5-mini",
    ),
    row("gemini", "Gemini", "https://generativelanguage.googleapis.com", "gemini", "GEMINI_API_KEY", "gemini-2.5-flash"),
    row("cohere", "Cohere", "https://api.cohere.com", "cohere-v2", "CO_API_KEY", "command-a-03-2025"),
    row("perplexity", "Perplexity", "https://api.perplexity.ai", "openai-chat", "PERPLEXITY_API_KEY", "sonar"),
    row("moonshot", "Moonshot", "https://api.moonshot.ai/v1", "openai-chat", "MOONSHOT_API_KEY", ""),
    row("nvidia", "NVIDIA", "https://integrate.api.nvidia.com/v1", "openai-chat", "NVIDIA_API_KEY", ""),
    row("huggingface", "Hugging Face router", "https://router.huggingface.co/v1", "openai-chat", "HF_TOKEN", ""),
    row(
        "dashscope-native",
        "DashScope, its own API",
        "https://dashscope-intl.aliyuncs.com",
        "dashscope",
        "DASHSCOPE_API_KEY",
        "qwen-plus",
    ),
    row(
        "bedrock",
        "Bedrock, with a bearer token",
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock",
        "AWS_BEARER_TOKEN_BEDROCK",
        "amazon.nova-lite-v1:0",
    ),
];

/// A provider as the configuration gives it: a new one, or a row of [`PROVIDERS`] with some of it changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderEntry {
    /// Base URL.
    pub base_url: Option<String>,
    /// Dialect id, `openai-chat` for a new provider.
    pub dialect: Option<String>,
    /// Environment variable that holds the key.
    pub key_env: Option<String>,
    /// The key itself, for those who keep it in the configuration file.
    pub key: Option<String>,
    /// Model that is asked for when none is named.
    pub model: Option<String>,
    /// Headers that are sent with every request.
    pub headers: BTreeMap<String, String>,
    /// Names of the providers that are asked, in this order, when this one refuses or has failed.
    pub fallbacks: Vec<String>,
}

/// A provider, ready to be asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Provider {
    /// Name on the command line.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Base URL.
    pub base_url: String,
    /// Dialect id.
    pub dialect: String,
    /// Environment variable that holds the key, empty if none is needed.
    pub key_env: String,
    /// The key from the configuration file, if it is there.
    pub key: Option<String>,
    /// Model that is asked for when none is named, may be empty.
    pub model: String,
    /// Headers that are sent with every request.
    pub headers: Vec<(String, String)>,
    /// Names of the providers that are asked, in this order, when this one refuses or has failed.
    pub fallbacks: Vec<String>,
}

impl std::fmt::Debug for Provider {
    /// Without the key, and without header values, which may be one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("base_url", &self.base_url)
            .field("dialect", &self.dialect)
            .field("model", &self.model)
            .field("headers", &headers)
            .finish_non_exhaustive()
    }
}

impl From<&ProviderInfo> for Provider {
    fn from(row: &ProviderInfo) -> Provider {
        Provider {
            name: row.name.into(),
            title: row.title.into(),
            base_url: row.base_url.into(),
            dialect: row.dialect.into(),
            key_env: row.key_env.into(),
            key: None,
            model: row.model.into(),
            headers: Vec::new(),
            fallbacks: Vec::new(),
        }
    }
}

impl Provider {
    /// True for the embedded demo provider, in whichever dialect: its port is known when it runs.
    pub fn is_demo(&self) -> bool {
        let mut rows = PROVIDERS.iter().filter(|row| row.base_url.is_empty());
        self.base_url.is_empty() && rows.any(|row| row.name == self.name)
    }

    /// A provider that is known by nothing but its URL.
    pub fn at(base_url: &str) -> Provider {
        Provider {
            name: "custom".into(),
            title: base_url.into(),
            base_url: base_url.into(),
            dialect: "openai-chat".into(),
            key_env: String::new(),
            key: None,
            model: String::new(),
            headers: Vec::new(),
            fallbacks: Vec::new(),
        }
    }

    fn apply(&mut self, entry: &ProviderEntry) {
        let set = |field: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                field.clone_from(value);
            }
        };
        set(&mut self.base_url, &entry.base_url);
        set(&mut self.dialect, &entry.dialect);
        set(&mut self.key_env, &entry.key_env);
        set(&mut self.model, &entry.model);
        if entry.key.is_some() {
            self.key.clone_from(&entry.key);
        }
        if !entry.fallbacks.is_empty() {
            self.fallbacks.clone_from(&entry.fallbacks);
        }
        self.headers.extend(entry.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
}

/// Every provider: the table's rows with the configuration's changes, then the configuration's own.
pub fn all(entries: &BTreeMap<String, ProviderEntry>) -> Vec<Provider> {
    let mut providers: Vec<Provider> = PROVIDERS.iter().map(Provider::from).collect();
    for (name, entry) in entries {
        let index = providers.iter().position(|provider| provider.name == *name).unwrap_or_else(|| {
            providers.push(Provider { name: name.clone(), title: name.clone(), ..Provider::at("") });
            providers.len() - 1
        });
        providers[index].apply(entry);
    }
    providers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_speaks_a_known_dialect_and_can_be_asked() {
        use crate::net::request::{Draft, RequestSpec};
        let build = |name: &str| {
            let row = PROVIDERS.iter().find(|row| row.name == name).expect("a row of the table");
            let provider = Provider::from(row);
            let draft = Draft { prompt: Some("Hi".into()), model: row.model.is_empty().then(|| "m".into()), ..Draft::default() };
            RequestSpec::build(&provider, draft, |_| Some("key-0123456789".into())).expect("a row that can be asked").0
        };
        for row in PROVIDERS.iter().filter(|row| !row.base_url.is_empty()) {
            build(row.name);
        }
        let check = |name: &str, url: &str, header: &str| {
            let spec = build(name);
            assert_eq!(spec.url(), url);
            assert!(spec.header_map().expect("headers that can be sent").contains_key(header), "{name}");
        };
        check("openai", "https://api.openai.com/v1/chat/completions", "authorization");
        check("openai-responses", "https://api.openai.com/v1/responses", "authorization");
        check("anthropic", "https://api.anthropic.com/v1/messages", "x-api-key");
        check("cohere", "https://api.cohere.com/v2/chat", "authorization");
        check(
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            "x-goog-api-key",
        );
        let url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.nova-lite-v1:0/converse-stream";
        check("bedrock", url, "authorization");
        let url = "https://dashscope-intl.aliyuncs.com/api/v1/services/aigc/text-generation/generation";
        check("dashscope-native", url, "x-dashscope-sse");
    }

    #[test]
    fn the_configuration_changes_rows_and_adds_its_own() {
        let entries = BTreeMap::from([
            ("openai".to_string(), ProviderEntry { model: Some("gpt-4.1".into()), ..Default::default() }),
            ("mine".to_string(), ProviderEntry { base_url: Some("http://10.0.0.2:8000/v1".into()), ..Default::default() }),
        ]);
        let providers = all(&entries);
        let find = |name: &str| providers.iter().find(|provider| provider.name == name).cloned();
        let openai = find("openai").expect("a row of the table");
        assert_eq!((openai.model.as_str(), openai.key_env.as_str()), ("gpt-4.1", "OPENAI_API_KEY"));
        let mine = find("mine").expect("an entry of the configuration");
        assert_eq!((mine.base_url.as_str(), mine.dialect.as_str()), ("http://10.0.0.2:8000/v1", "openai-chat"));
        assert_eq!(providers.len(), PROVIDERS.len() + 1);
    }
}
