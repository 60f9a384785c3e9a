//! The lexer: tokens on demand, so that the parser can switch to reading raw Python values.

/// What a token is; its text is a slice of the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A word: variable, primitive, key, keyword, dtype. May hold `-`, `.` and `::` inside.
    Word,
    /// `3`, `-1`, `2.5e-10`, `-inf`.
    Number,
    /// `'…'` or `"…"`, quotes included.
    Quoted,
    /// One of `{}()[]<>;:,.=`.
    Punct(u8),
    /// Anything else: one character.
    Other,
    /// The end of the text.
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// The byte offset of its first character.
    pub(super) start: usize,
    /// True if a newline stands between it and the token before.
    pub(super) first_on_line: bool,
}

impl Token<'_> {
    pub(super) fn is(&self, punct: u8) -> bool {
        self.kind == Kind::Punct(punct)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// A position in the source. Copying it is how one looks ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'a> {
    pub(super) source: &'a str,
    pub(super) pos: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a str) -> Lexer<'a> {
        Lexer { source, pos: 0 }
    }

    pub(super) fn peek(&self) -> Token<'a> {
        let mut ahead = *self;
        ahead.next()
    }

    /// The token and the one after it.
    pub(super) fn peek_two(&self) -> (Token<'a>, Token<'a>) {
        let mut ahead = *self;
        (ahead.next(), ahead.next())
    }

    pub(super) fn next(&mut self) -> Token<'a> {
        let first_on_line = self.skip_blanks();
        let rest = &self.source[self.pos..];
        let (kind, len) = scan(rest);
        let token = Token { kind, text: &rest[..len], start: self.pos, first_on_line };
        self.pos += len;
        token
    }

    /// Skips blanks and comments; true if there was a newline among them.
    pub(super) fn skip_blanks(&mut self) -> bool {
        let bytes = self.source.as_bytes();
        let mut newline = self.pos == 0;
        while let Some(&c) = bytes.get(self.pos) {
            match c {
                b'\n' => newline = true,
                b' ' | b'\t' | b'\r' => {}
                b'#' => {
                    let rest = &bytes[self.pos..];
                    // The newline itself is left for the next round.
                    self.pos += rest.iter().position(|&c| c == b'\n').unwrap_or(rest.len());
                    continue;
                }
                _ => break,
            }
            self.pos += 1;
        }
        newline
    }
}

fn scan(rest: &str) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let Some(&first) = bytes.first() else { return (Kind::End, 0) };
    let second = bytes.get(1).copied().unwrap_or(0);
    match first {
        b'{' | b'}' | b'(' | b')' | b'[' | b']' | b'<' | b'>' | b';' | b':' | b',' | b'.'
        | b'=' => (Kind::Punct(first), 1),
        b'\'' | b'"' => match quoted(bytes) {
            Some(len) => (Kind::Quoted, len),
            None => (Kind::Other, 1),
        },
        _ if is_word_start(first) => (Kind::Word, word(bytes)),
        _ if first.is_ascii_digit() => (Kind::Number, number(bytes)),
        b'-' if second.is_ascii_digit() => (Kind::Number, 1 + number(&bytes[1..])),
        b'-' if is_word_start(second) => (Kind::Number, 1 + word(&bytes[1..])),
        _ => (Kind::Other, rest.chars().next().map_or(0, char::len_utf8)),
    }
}

fn is_word_start(c: u8) -> bool {
    c.is_ascii_alphabetic() || c == b'_'
}

fn is_word_byte(c: u8) -> bool {
    c.is_ascii_alphanumeric() || c == b'_'
}

/// The length of a word: `-`, `.` and `::` belong to it when more of the word follows.
pub(super) fn word(bytes: &[u8]) -> usize {
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let mut i = 1;
    loop {
        if is_word_byte(at(i)) {
            i += 1;
        } else if matches!(at(i), b'-' | b'.') && is_word_byte(at(i + 1)) {
            i += 2;
        } else if at(i) == b':' && at(i + 1) == b':' && is_word_start(at(i + 2)) {
            i += 3;
        } else {
            return i;
        }
    }
}

/// The length of a number without its sign.
fn number(bytes: &[u8]) -> usize {
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let digits = |mut i: usize| {
        while at(i).is_ascii_digit() {
            i += 1;
        }
        i
    };
    let mut i = digits(0);
    if at(i) == b'.' && at(i + 1).is_ascii_digit() {
        i = digits(i + 1);
    }
    if matches!(at(i), b'e' | b'E') {
        let exponent = i + 1 + matches!(at(i + 1), b'+' | b'-') as usize;
        if at(exponent).is_ascii_digit() {
            i = digits(exponent);
        }
    }
    i
}

/// The length of a quoted string, which ends on its line.
pub(super) fn quoted(bytes: &[u8]) -> Option<usize> {
    let quote = bytes[0];
    let mut i = 1;
    while let Some(&c) = bytes.get(i) {
        match c {
            b'\n' => return None,
            b'\\' => i += 2,
            c if c == quote => return Some(i + 1),
            _ => i += 1,
        }
    }
    None
}
