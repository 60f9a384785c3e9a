//! The assembler against a disassembler.

mod encoding;
mod speed;
