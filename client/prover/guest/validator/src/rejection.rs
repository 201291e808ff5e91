//! Why a block, its witness or its chain spec is refused.

use alloc::string::String;

/// The kind of rule that was broken; the number is the code of `zkvm.fail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Rule {
    /// the input is not `ZKI1`
    Input = 1,
    /// the chain spec is malformed, lists an inactive fork or leaves one out
    ChainSpec = 2,
    /// the block is not canonical RLP of a block
    BlockEncoding = 3,
    /// a header field breaks a rule against the parent or the fork
    Header = 4,
    /// an ommer breaks a rule
    Ommer = 5,
    /// the body does not match the header's roots or a size limit
    Body = 6,
    /// a trie node, code or ancestor header is missing, duplicate or malformed
    Witness = 7,
    /// a transaction is not valid in this block
    Transaction = 8,
    /// a system contract is missing or fails
    SystemContract = 9,
    /// execution gives another result than the header states
    Outcome = 10,
    /// the block exceeds a list limit of the consensus-specs payload
    Payload = 11,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub rule: Rule,
    pub reason: String,
}

pub type Result<T> = core::result::Result<T, Rejection>;

/// `reject!(Header, "gasUsed {}", n)` is the rejection; `ensure!(condition, Header, …)` returns it unless it holds.
macro_rules! reject {
    ($rule:ident, $($text:tt)*) => {
        $crate::rejection::Rejection { rule: $crate::rejection::Rule::$rule, reason: alloc::format!($($text)*) }
    };
}
macro_rules! ensure {
    ($condition:expr, $rule:ident, $($text:tt)*) => {
        if !$condition {
            return Err($crate::rejection::reject!($rule, $($text)*));
        }
    };
}
pub(crate) use {ensure, reject};
