//! `guest.wasm`: bytes of (chain spec, block, witness) in, `BlockClaim` out, or a failure with its reason.

#![no_std]
#![deny(unsafe_code)]

extern crate alloc;

use alloc::string::ToString;

// The attribute that exports a name counts as unsafe, as two items of one name would clash; there is one.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn main() {
    match validator::validate(zkvm::read_input()) {
        Ok(claim) => zkvm::halt(claim.public_values()),
        Err(rejection) => zkvm::fail(rejection.rule as u32, &rejection.reason),
    }
}

#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    zkvm::fail(zkvm::FailCode::Panic as u32, &info.to_string())
}
