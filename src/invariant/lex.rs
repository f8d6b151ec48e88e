//! Sentences as tokens with their places.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A name, keyword or quantity: anything up to a space, parenthesis or comparison.
    Word,
    /// `(`
    Open,
    /// `)`
    Close,
    /// A run of comparison signs, known or not.
    Operator,
}

/// A piece of the sentence.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) kind: Kind,
    /// Its text.
    pub(super) text: &'a str,
    /// Its bytes within the sentence.
    pub(super) at: Range<usize>,
}

fn kind_of(c: char) -> Option<Kind> {
    match c {
        '(' => Some(Kind::Open),
        ')' => Some(Kind::Close),
        '<' | '>' | '=' | '!' | '≤' | '≥' | '≠' => Some(Kind::Operator),
        c if c.is_whitespace() => None,
        _ => Some(Kind::Word),
    }
}

/// Cuts a sentence into tokens. Every text can be cut; what makes no sense is found by the parser.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    for (start, c) in text.char_indices() {
        let Some(kind) = kind_of(c) else { continue };
        let end = start + c.len_utf8();
        let joins = matches!(kind, Kind::Word | Kind::Operator);
        match tokens.last_mut() {
            Some(last) if joins && last.kind == kind && last.at.end == start => {
                last.at.end = end;
                last.text = &text[last.at.clone()];
            }
            _ => tokens.push(Token { kind, text: &text[start..end], at: start..end }),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_and_names_are_one_word_each() {
        let text = "share(latency<300ms) in sa-east-1 ≥ 99.9% ";
        let cut: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
        let expected =
            ["share", "(", "latency", "<", "300ms", ")", "in", "sa-east-1", "≥", "99.9%"];
        assert_eq!(cut, expected);
        for token in tokens(text) {
            assert_eq!(&text[token.at.clone()], token.text);
        }
        assert_eq!(tokens("((").len(), 2);
    }
}
