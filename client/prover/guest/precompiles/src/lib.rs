//! The precompiles that few blocks call, as revm computes them. A crate of its own, for what is generic in them is
//! compiled where it is named: here for size (`Cargo.toml` of the workspace), everything else for speed.
#![no_std]

use revm::precompile::{Crypto, DefaultCrypto};

pub static RARE: &dyn Crypto = &DefaultCrypto;
