//! Words to make texts of.

/// English words, the most common first.
pub const ENGLISH: &[&str] = &[
    "the", "of", "and", "to", "a", "in", "is", "it", "that", "for", "was", "on", "are", "as", "with", "at", "be", "this", "from",
    "or", "by", "not", "but", "into", "server", "stream", "answer", "token", "question", "garden", "window", "morning", "river",
    "little", "between", "thought", "because", "through", "another", "several", "nothing", "perhaps", "together", "remember",
    "written", "reading", "letters", "history", "science", "mountain", "weather", "number", "measure", "careful", "ordinary",
    "yellow", "silver", "market", "village", "harbour", "engine", "circle", "signal", "pattern", "example", "machine", "language",
    "function", "variable", "return", "buffer", "request", "response", "client", "network", "latency", "cache", "memory", "thread",
    "queue", "worker", "restart", "retry", "timeout", "header", "payload", "encoding", "decoder", "parser", "schema", "index",
    "table", "column", "record", "ledger", "account", "invoice", "budget", "forecast", "summer", "winter", "autumn", "spring",
    "orchard", "kitchen", "corridor", "staircase", "balcony", "lantern", "compass", "journey", "traveller", "companion", "stranger",
    "neighbour", "daughter", "brother", "teacher", "student", "doctor", "painter", "musician", "melody", "rhythm", "silence",
];

/// A language that is not written in Latin letters, or doubles its words.
pub struct Language {
    /// Words.
    pub words: &'static [&'static str],
    /// Between words.
    pub space: &'static str,
    /// Between the two copies of a doubled word.
    pub double: &'static str,
    /// After a sentence.
    pub stop: &'static str,
}

/// The languages.
pub const SCRIPTS: &[Language] = &[
    Language {
        words: &["高", "兴", "谢", "刚", "我", "在", "今天", "北京", "多云", "看", "妈", "天", "第一", "条", "数据", "模型", "服务器", "回答", "哈"],
        space: "",
        double: "",
        stop: "。",
    },
    Language {
        words: &["いろ", "時", "人", "わく", "どき", "東京", "は", "です", "今日", "天気", "サーバー", "応答", "ます", "ころ", "それ"],
        space: "",
        double: "",
        stop: "。",
    },
    Language {
        words: &["쿵", "반짝", "오늘", "날씨가", "좋습니다", "서버", "응답", "빨리", "천천히", "하나", "둘", "그래서"],
        space: " ",
        double: "",
        stop: ".",
    },
    Language {
        words: &["orang", "anak", "hari", "jalan", "buku", "rumah", "pelan", "sama", "baik", "dan", "yang", "tidak"],
        space: " ",
        double: "-",
        stop: ".",
    },
    Language {
        words: &["сервер", "ответ", "еле", "чуть", "и", "не", "на", "поток", "слово", "время", "белый", "давно", "день"],
        space: " ",
        double: "-",
        stop: ".",
    },
    Language {
        words: &["مرحبا", "الخادم", "شكرا", "جدا", "يوم", "كتاب", "في", "من", "على", "رويدا", "كلمة"],
        space: " ",
        double: " ",
        stop: ".",
    },
    Language {
        words: &["धीरे", "साथ", "दिन", "सर्वर", "उत्तर", "और", "है", "में", "बार", "घर", "कभी"],
        space: " ",
        double: "-",
        stop: "।",
    },
    Language {
        words: &["ช้า", "มาก", "เร็ว", "วันนี้", "อากาศ", "ดี", "เซิร์ฟเวอร์", "ตอบ", "และ", "เด็ก"],
        space: "",
        double: "",
        stop: " ",
    },
    Language {
        words: &["σιγά", "λέξη", "ημέρα", "και", "το", "απάντηση", "ροή", "καλά", "πρωί", "όχι"],
        space: " ",
        double: " ",
        stop: ".",
    },
    Language {
        words: &["לאט", "מהר", "יום", "תשובה", "שרת", "של", "לא", "כן", "ספר", "בית"],
        space: " ",
        double: " ",
        stop: ".",
    },
];
