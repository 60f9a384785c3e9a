//! Layout after Oppen ("Prettyprinting", TOPLAS 1980): a stream of texts, breaks and groups. A group
//! stands on one line if it fits there together with what follows up to the next break, else its breaks
//! become newlines. Widths are computed in one pass forwards and one backwards, so time is linear.

use std::fmt;

/// Lines are broken at this width where possible.
const WIDTH: usize = 100;

#[derive(Clone, Copy)]
enum Token {
    /// The text from the end of the previous one up to this offset of the buffer.
    Text { end: usize },
    /// `flat` if the group stands on one line, else a newline and the group's indent plus `offset`.
    /// A `fill` break becomes a newline only if what follows does not fit on the line.
    Break { flat: &'static str, offset: isize, fill: bool },
    /// A newline always.
    Newline { offset: isize },
    /// A group, indented relative to the one around it.
    Open { indent: isize },
    /// The end of a group.
    Close,
}

/// Wider than any line: a group with a newline in it does not fit.
const TOO_WIDE: usize = 1 << 20;

/// A document for layout.
#[derive(Default)]
pub(super) struct Doc {
    text: String,
    tokens: Vec<Token>,
    /// Whether source lines are printed.
    pub(super) locs: bool,
}

impl Doc {
    pub(super) fn with_locs(locs: bool) -> Doc {
        Doc { locs, ..Doc::default() }
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.tokens.clear();
    }

    pub(super) fn put(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.tokens.push(Token::Text { end: self.text.len() });
    }

    pub(super) fn open(&mut self, indent: isize) {
        self.tokens.push(Token::Open { indent });
    }

    pub(super) fn close(&mut self) {
        self.tokens.push(Token::Close);
    }

    /// A blank where the line may be broken if it is full.
    pub(super) fn blank(&mut self) {
        self.tokens.push(Token::Break { flat: " ", offset: 0, fill: true });
    }

    /// A break of the group: `flat` if it stands on one line; with `newline` it never does.
    pub(super) fn line(&mut self, flat: &'static str, offset: isize, newline: bool) {
        self.tokens.push(match newline {
            true => Token::Newline { offset },
            false => Token::Break { flat, offset, fill: false },
        });
    }

    /// A list that wraps where a line is full.
    pub(super) fn list<T>(
        &mut self,
        indent: isize,
        comma: &'static str,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut String, T),
    ) {
        self.open(indent);
        for (i, item) in items.enumerate() {
            if i > 0 {
                self.put(|s| s.push_str(comma));
                self.blank();
            }
            self.put(|s| write(s, item));
        }
        self.close();
    }

    pub(super) fn render(
        &self,
        out: &mut dyn fmt::Write,
        column: usize,
        indent: isize,
    ) -> fmt::Result {
        self.render_within(out, column, indent, WIDTH)
    }

    pub(super) fn render_within(
        &self,
        out: &mut dyn fmt::Write,
        mut column: usize,
        indent: isize,
        width: usize,
    ) -> fmt::Result {
        let reach = self.reach();
        let mut groups = vec![(true, indent)];
        let mut start = 0;
        let newline = |out: &mut dyn fmt::Write, indent: isize| {
            let indent = indent.max(0) as usize;
            write!(out, "\n{:indent$}", "").map(|()| indent)
        };
        for (i, token) in self.tokens.iter().enumerate() {
            let (broken, indent) = *groups.last().unwrap_or(&(true, 0));
            match *token {
                Token::Text { end } => {
                    out.write_str(&self.text[start..end])?;
                    column += end - start;
                    start = end;
                }
                Token::Open { indent: more } => {
                    groups.push((broken && column.saturating_add(reach[i]) > width, indent + more));
                }
                Token::Close => {
                    groups.pop();
                }
                Token::Newline { offset } => column = newline(out, indent + offset)?,
                Token::Break { flat, offset, fill } => {
                    let fits = fill && column + flat.len() + reach[i] <= width;
                    if broken && !fits {
                        column = newline(out, indent + offset)?;
                    } else {
                        out.write_str(flat)?;
                        column += flat.len();
                    }
                }
            }
        }
        Ok(())
    }

    /// For a group: its width on one line with what follows up to the next break. For a break: the
    /// width of what follows up to the next break. All in two passes.
    fn reach(&self) -> Vec<usize> {
        // How far the text reaches before each token if all of it stood on one line.
        let mut at = Vec::with_capacity(self.tokens.len() + 1);
        let mut open = Vec::new();
        let mut close = vec![0; self.tokens.len()];
        let (mut position, mut start) = (0usize, 0);
        for (i, token) in self.tokens.iter().enumerate() {
            at.push(position);
            match *token {
                Token::Text { end } => {
                    position += end - start;
                    start = end;
                }
                Token::Break { flat, .. } => position += flat.len(),
                Token::Newline { .. } => position += TOO_WIDE,
                Token::Open { .. } => open.push(i),
                Token::Close => {
                    if let Some(o) = open.pop() {
                        close[o] = i;
                    }
                }
            }
        }
        at.push(position);
        let mut next_break = vec![position; self.tokens.len() + 1];
        for (i, token) in self.tokens.iter().enumerate().rev() {
            next_break[i] = match token {
                Token::Break { .. } | Token::Newline { .. } => at[i],
                _ => next_break[i + 1],
            };
        }
        let reach = |(i, token): (usize, &Token)| match token {
            Token::Open { .. } => next_break[close[i] + 1] - at[i],
            Token::Break { .. } => next_break[i + 1] - at[i + 1],
            _ => 0,
        };
        self.tokens.iter().enumerate().map(reach).collect()
    }
}
