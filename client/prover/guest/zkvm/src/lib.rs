//! The guest's one file of foreign functions and raw memory: the imports of module `zkvm` behind safe functions,
//! and the heap. Everything else of the guest is `#![forbid(unsafe_code)]`.
//!
//! # Heap
//!
//! Size classes with free lists over [__heap_base, end of memory). Up to 1024 bytes a class per 16 bytes, above it
//! four classes per power of two, so at most a fifth of a block is slack. A block returns to its class and is reused
//! last in, first out: memory that was touched before costs the proof nothing. Nothing is split or merged.

#![no_std]

extern crate alloc;

use alloc::vec::Vec;
use core::mem::MaybeUninit;

#[cfg(target_family = "wasm")]
mod import {
    #[link(wasm_import_module = "zkvm")]
    unsafe extern "C" {
        pub safe fn input_size() -> u32;
        pub fn input_read(destination: *mut u64, size_bytes: usize);
        pub fn keccak_f(state: *mut u64);
        pub fn mulmod256(out: *mut u64, a: *const u64, b: *const u64, c: *const u64, m: *const u64);
        pub fn advice(kind: u32, out: *mut u64, input: *const u64);
        pub fn ec_msm(curve: u32, out: *mut u64, points: *const u64, scalars: *const u64, bits: u32);
        pub fn halt(public_values: *const u64) -> !;
        pub fn fail(code: u32, text: *const u8, size_bytes: usize) -> !;
    }
}

/// Outside WebAssembly the crate only has to type-check.
#[cfg(not(target_family = "wasm"))]
mod import {
    pub fn input_size() -> u32 {
        unimplemented!()
    }
    pub unsafe fn input_read(_: *mut u64, _: usize) {
        unimplemented!()
    }
    pub unsafe fn keccak_f(_: *mut u64) {
        unimplemented!()
    }
    pub unsafe fn mulmod256(_: *mut u64, _: *const u64, _: *const u64, _: *const u64, _: *const u64) {
        unimplemented!()
    }
    pub unsafe fn advice(_: u32, _: *mut u64, _: *const u64) {
        unimplemented!()
    }
    pub unsafe fn ec_msm(_: u32, _: *mut u64, _: *const u64, _: *const u64, _: u32) {
        unimplemented!()
    }
    pub unsafe fn halt(_: *const u64) -> ! {
        unimplemented!()
    }
    pub unsafe fn fail(_: u32, _: *const u8, _: usize) -> ! {
        unimplemented!()
    }
}

/// Bytes of public values that `halt` exposes.
pub const PUBLIC_VALUES_BYTES: usize = 144;

/// 8-aligned bytes, as every pointer of the ABI must be.
#[repr(align(8))]
struct Aligned<T>(T);

/// The whole private input. The host may give any bytes of any length; a size that is no multiple of 8 fails.
pub fn read_input() -> &'static [u8] {
    let size_bytes = import::input_size() as usize;
    if size_bytes % 8 != 0 {
        fail(FailCode::Input as u32, "input size is not a multiple of 8");
    }
    let words: &'static mut [u64] = Vec::leak(alloc::vec![0u64; size_bytes / 8]);
    // SAFETY: `words` spans exactly `size_bytes` writable, 8-aligned bytes; the host writes at most that many.
    unsafe { import::input_read(words.as_mut_ptr(), size_bytes) };
    // SAFETY: the same allocation, read as bytes, which have no alignment and no invalid values.
    unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), size_bytes) }
}

/// Keccak-f[1600] in place.
#[inline]
pub fn keccak_f(state: &mut [u64; 25]) {
    // SAFETY: 25 writable, 8-aligned words.
    unsafe { import::keccak_f(state.as_mut_ptr()) }
}

/// 256 bits, least significant word first.
pub type Word256 = [u64; 4];

/// (a · b + c) mod m, less than m. Ends the run for m = 0 and for a quotient of 2^256 or more; a < m excludes the latter.
#[inline]
pub fn mulmod256(a: &Word256, b: &Word256, c: &Word256, m: &Word256) -> Word256 {
    let mut out = MaybeUninit::<Word256>::uninit();
    // SAFETY: four readable operands and a writable result of 4 aligned words each; the call writes the whole result.
    unsafe {
        import::mulmod256(out.as_mut_ptr().cast(), a.as_ptr(), b.as_ptr(), c.as_ptr(), m.as_ptr());
        out.assume_init()
    }
}

/// What the host is asked to know. Nothing binds its answer: the caller checks every word that it uses.
#[repr(u32)]
pub enum Advice {
    /// of a, m: the inverse of a modulo m
    Inverse = 1,
    /// of t, p with p ≡ 3 mod 4 prime: y with y² ≡ t, or y² ≡ −t where t is no square
    SquareRoot = 2,
    /// of k, nothing: |k₁| and |k₂| < 2^128 of two words each and a word whose bits 0 and 1 are their signs, with
    /// k₁ + λ · k₂ ≡ k modulo the order of secp256k1
    GlvSplit = 3,
}

/// The host's answer about two numbers; any six words.
#[inline]
pub fn advice(kind: Advice, about: &[Word256; 2]) -> [u64; 6] {
    let mut out = MaybeUninit::<[u64; 6]>::uninit();
    // SAFETY: 8 readable and 6 writable aligned words; the call writes all six.
    unsafe {
        import::advice(kind as u32, out.as_mut_ptr().cast(), about.as_ptr().cast());
        out.assume_init()
    }
}

/// An affine point; (0, 0) is infinity.
pub type Point = [Word256; 2];

/// Σ scalarᵢ · pointᵢ on secp256k1. The points are on the curve: the caller has checked them.
#[inline]
pub fn secp256k1_msm(points: &[Point; 4], scalars: &[[u64; 2]; 4]) -> Point {
    const SECP256K1: u32 = 1;
    let mut out = MaybeUninit::<Point>::uninit();
    // SAFETY: 32 and 8 readable and 8 writable aligned words; the call writes all eight.
    unsafe {
        import::ec_msm(
            SECP256K1,
            out.as_mut_ptr().cast(),
            points.as_ptr().cast(),
            scalars.as_ptr().cast(),
            u128::BITS,
        );
        out.assume_init()
    }
}

/// Ends the run with these public values.
pub fn halt(public_values: [u8; PUBLIC_VALUES_BYTES]) -> ! {
    let aligned = Aligned(public_values);
    // SAFETY: 144 readable, 8-aligned bytes.
    unsafe { import::halt(aligned.0.as_ptr().cast()) }
}

/// Ends the run without a result; `code` and `text` reach the native host only.
pub fn fail(code: u32, text: &str) -> ! {
    // SAFETY: `text` is readable for its length.
    unsafe { import::fail(code, text.as_ptr(), text.len()) }
}

/// Codes of `fail` outside the validator's own range (`validator::Rule`).
#[repr(u32)]
pub enum FailCode {
    /// the input's size breaks the ABI; equals `validator::Rule::Input`
    Input = 1,
    /// the host's advice does not pass the guest's check of it
    Advice = 253,
    OutOfMemory = 254,
    Panic = 255,
}

#[cfg(target_family = "wasm")]
mod heap {
    use super::{FailCode, fail};
    use core::{
        alloc::{GlobalAlloc, Layout},
        cell::UnsafeCell,
        ptr,
    };

    const SMALL_CLASSES: usize = 64;
    const SMALL_MAX: usize = SMALL_CLASSES << 4;
    const CLASSES: usize = SMALL_CLASSES + 4 * (usize::BITS as usize - SMALL_MAX.ilog2() as usize);
    const BLOCK_ALIGN: usize = 16;

    /// Class of a size > 0 and the bytes of each of its blocks, a multiple of 16.
    #[inline]
    fn class_of(size: usize) -> (usize, usize) {
        if size <= SMALL_MAX {
            let class = (size - 1) >> 4;
            return (class, (class + 1) << 4);
        }
        let log = (size - 1).ilog2();
        let quarter_log = log - 2;
        let quarter = ((size - 1) >> quarter_log) & 3;
        let class = SMALL_CLASSES + 4 * (log as usize - SMALL_MAX.ilog2() as usize) + quarter;
        (class, (5 + quarter) << quarter_log)
    }

    struct State {
        /// first never used byte; 0 before the first allocation
        top: usize,
        end: usize,
        /// per class the address of the last freed block, whose first word holds the one before it; 0 ends the list
        free: [usize; CLASSES],
    }

    struct Heap(UnsafeCell<State>);

    // SAFETY: the guest has one thread.
    unsafe impl Sync for Heap {}

    #[global_allocator]
    static HEAP: Heap = Heap(UnsafeCell::new(State { top: 0, end: 0, free: [0; CLASSES] }));

    impl State {
        /// The block's address and whether its bytes are still the zeros that memory starts with.
        #[inline]
        fn take(&mut self, size: usize, align: usize) -> (usize, bool) {
            let (class, block) = class_of(size);
            let head = self.free[class];
            if head != 0 && head & (align - 1) == 0 {
                // SAFETY: a block on a free list is unused, ≥ 16 bytes, and its first word is the list's link.
                self.free[class] = unsafe { ptr::read(head as *const usize) };
                return (head, false);
            }
            (self.extend(block, align), true)
        }

        #[inline(never)]
        fn extend(&mut self, block: usize, align: usize) -> usize {
            if self.top == 0 {
                unsafe extern "C" {
                    static __heap_base: u8;
                }
                self.top = (&raw const __heap_base).addr().next_multiple_of(BLOCK_ALIGN);
                self.end = core::arch::wasm32::memory_size(0) << 16;
            }
            let at = self.top.next_multiple_of(align.max(BLOCK_ALIGN));
            if self.end < at || self.end - at < block {
                fail(FailCode::OutOfMemory as u32, "out of memory");
            }
            self.top = at + block;
            at
        }
    }

    // SAFETY: `take` returns unused memory of at least the asked size and alignment; one thread.
    unsafe impl GlobalAlloc for Heap {
        #[inline]
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: one thread, and no reference to the state outlives a call.
            let state = unsafe { &mut *self.0.get() };
            state.take(layout.size(), layout.align()).0 as *mut u8
        }

        #[inline]
        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as in `alloc`.
            let state = unsafe { &mut *self.0.get() };
            let (at, zero) = state.take(layout.size(), layout.align());
            let at = at as *mut u8;
            if !zero {
                // SAFETY: the block is at least `layout.size()` bytes.
                unsafe { ptr::write_bytes(at, 0, layout.size()) };
            }
            at
        }

        #[inline]
        unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
            // SAFETY: as in `alloc`; the block is ≥ 16 bytes and now unused, so its first word may hold the link.
            unsafe {
                let state = &mut *self.0.get();
                let (class, _) = class_of(layout.size());
                ptr::write(at.cast::<usize>(), state.free[class]);
                state.free[class] = at as usize;
            }
        }

        #[inline]
        unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
            let (class, block) = class_of(layout.size());
            let (new_class, new_block) = class_of(new_size);
            if new_class == class {
                return at;
            }
            // SAFETY: as in `alloc`; the last block before `top` may grow in place, else the shorter size is copied.
            unsafe {
                let state = &mut *self.0.get();
                if at as usize + block == state.top && new_block > block && state.end - state.top >= new_block - block {
                    state.top += new_block - block;
                    return at;
                }
                let (to, _) = state.take(new_size, layout.align());
                ptr::copy_nonoverlapping(at, to as *mut u8, layout.size().min(new_size));
                self.dealloc(at, layout);
                to as *mut u8
            }
        }
    }
}
