//! The private input, format `ZKI1`: sections chainSpec, blockRlp, headers, codes, state.
//!
//! ```text
//! "ZKI1" u32 version            8 bytes
//! per section   u32 count, u32 0
//!   per item    u32 length, u32 0, bytes, zeros up to a multiple of 8
//! ```
//! Little-endian. Every padding byte is zero and nothing follows the last item.

use crate::rejection::{Result, ensure, reject};
use alloc::vec::Vec;

const MAGIC: &[u8; 4] = b"ZKI1";
const VERSION: u32 = 1;

pub struct Input {
    pub chain_spec: &'static [u8],
    pub block: &'static [u8],
    /// headers of consecutive blocks, ascending; the last one is the parent's
    pub headers: Vec<&'static [u8]>,
    pub codes: Vec<&'static [u8]>,
    /// trie nodes in any order
    pub state: Vec<&'static [u8]>,
}

impl Input {
    pub fn decode(bytes: &'static [u8]) -> Result<Self> {
        let mut reader = Reader { rest: bytes };
        ensure!(reader.take(4)? == MAGIC, Input, "input does not start with ZKI1");
        let version = u32::from_le_bytes(reader.word()?);
        ensure!(version == VERSION, Input, "input version is {version}, expected {VERSION}");
        let input = Self {
            chain_spec: reader.single("chainSpec")?,
            block: reader.single("blockRlp")?,
            headers: reader.section()?,
            codes: reader.section()?,
            state: reader.section()?,
        };
        ensure!(reader.rest.is_empty(), Input, "{} bytes after the last section", reader.rest.len());
        Ok(input)
    }
}

struct Reader {
    rest: &'static [u8],
}

impl Reader {
    fn take(&mut self, size_bytes: usize) -> Result<&'static [u8]> {
        let (head, rest) = self.rest.split_at_checked(size_bytes).ok_or_else(|| {
            reject!(Input, "input ends {} bytes early", size_bytes - self.rest.len())
        })?;
        self.rest = rest;
        Ok(head)
    }

    fn word(&mut self) -> Result<[u8; 4]> {
        let mut word = [0; 4];
        word.copy_from_slice(self.take(4)?);
        Ok(word)
    }

    /// A u32 padded to 8 bytes.
    fn number(&mut self) -> Result<usize> {
        let number = u32::from_le_bytes(self.word()?);
        ensure!(self.word()? == [0; 4], Input, "padding after a length is not zero");
        Ok(number as usize)
    }

    fn item(&mut self) -> Result<&'static [u8]> {
        let length = self.number()?;
        let bytes = self.take(length)?;
        let padding = self.take(length.wrapping_neg() & 7)?;
        ensure!(padding.iter().all(|byte| *byte == 0), Input, "padding after an item is not zero");
        Ok(bytes)
    }

    fn section(&mut self) -> Result<Vec<&'static [u8]>> {
        let count = self.number()?;
        ensure!(count <= self.rest.len() / 8, Input, "a section of {count} items does not fit the input");
        (0..count).map(|_| self.item()).collect()
    }

    fn single(&mut self, name: &str) -> Result<&'static [u8]> {
        let count = self.number()?;
        ensure!(count == 1, Input, "section {name} has {count} items, expected 1");
        self.item()
    }
}
