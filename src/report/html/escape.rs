//! Text from files, made harmless in a page.

use std::fmt::Write as _;

/// A text between tags or in a quoted attribute (HTML Standard, 13.1.2 and 13.3): nothing in it is
/// markup. Control characters, which no page may hold, become U+FFFD; line breaks and tabs stay.
#[must_use]
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_direction(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Characters that turn the direction of what follows them, the rest of the page included.
const fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The same, with what stands between backticks as code.
#[must_use]
pub fn with_code(source: &str) -> String {
    let mut out = String::new();
    for (index, part) in source.split('`').enumerate() {
        // A backtick without its partner stays one.
        let closed = source.matches('`').count().is_multiple_of(2);
        match (index % 2, closed) {
            (1, true) => {
                let _ = write!(out, "<code>{}</code>", text(part));
            }
            (_, true) => out.push_str(&text(part)),
            (_, false) => {
                out.push_str(if index > 0 { "`" } else { "" });
                out.push_str(&text(part));
            }
        }
    }
    out
}

/// JSON inside a `script` element (HTML Standard, 4.12.1.3): no end tag, no comment and no line
/// separator can be read in it. These characters stand only inside strings of JSON, where their escapes
/// mean the same.
#[must_use]
pub fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_comes_through() {
        let wild = "</title><script>alert('1')</script> & \"x\"\u{0}\u{202e}\u{7f}";
        let tame = text(wild);
        assert_eq!(
            tame,
            "&lt;/title&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;\
             \u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(with_code("fault `a<b` is"), "fault <code>a&lt;b</code> is");
        assert_eq!(with_code("a ` b"), "a ` b");
    }

    #[test]
    fn json_means_the_same_and_ends_no_script() {
        let wild = "</script><!-- <script> & \u{2028}\u{2029}";
        let source = serde_json::to_string(wild).unwrap();
        let tame = json(&source);
        assert!(!tame.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{tame}");
        assert_eq!(serde_json::from_str::<String>(&tame).unwrap(), wild);
    }
}
