//! The assembler against a disassembler.
