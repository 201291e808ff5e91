//! ADDMOD, MULMOD and modular exponentiation of one word by the machine's own product, `mulmod256`.

use crate::system_calls::BlockEvm;
use alloc::vec::Vec;
use alloy_primitives::U256;
use revm::{
    bytecode::opcode,
    interpreter::{
        Instruction, InstructionContext, InstructionExecResult, InstructionResult,
        interpreter_types::{InterpreterTypes, StackTr},
    },
};
use zkvm::{Word256, mulmod256};

const ZERO: Word256 = [0; 4];
const ONE: Word256 = [1, 0, 0, 0];
const WORD_BYTES: usize = 32;
const BASE_GAS_MID: u16 = 8;

/// Takes over the two instructions.
pub fn install(evm: &mut BlockEvm) {
    evm.instruction.insert_instruction(opcode::ADDMOD, Instruction::new(addmod), BASE_GAS_MID);
    evm.instruction.insert_instruction(opcode::MULMOD, Instruction::new(mulmod), BASE_GAS_MID);
}

fn addmod<I: InterpreterTypes, H: ?Sized>(context: InstructionContext<'_, H, I>) -> InstructionExecResult {
    ternary(context, |a, b, m| mulmod256(&reduce(a, m), &ONE, b, m))
}

fn mulmod<I: InterpreterTypes, H: ?Sized>(context: InstructionContext<'_, H, I>) -> InstructionExecResult {
    ternary(context, |a, b, m| mulmod256(&reduce(a, m), b, &ZERO, m))
}

/// a, b and m from the stack, the result onto it: 0 for m = 0.
#[inline]
fn ternary<I: InterpreterTypes, H: ?Sized>(
    context: InstructionContext<'_, H, I>,
    result: impl FnOnce(&Word256, &Word256, &Word256) -> Word256,
) -> InstructionExecResult {
    let ([a, b], top) = context.interpreter.stack.popn_top::<2>().ok_or(InstructionResult::StackUnderflow)?;
    if !top.is_zero() {
        *top = U256::from_limbs(result(a.as_limbs(), b.as_limbs(), top.as_limbs()));
    }
    Ok(())
}

/// a mod m for m ≠ 0: the quotient of a product is below 2^256 if its first factor is below m, and here it is at most a.
#[inline]
fn reduce(a: &Word256, m: &Word256) -> Word256 {
    if U256::from_limbs(*a) < U256::from_limbs(*m) { *a } else { mulmod256(a, &ONE, &ZERO, m) }
}

/// base^exponent mod modulus, big-endian numbers of any length, for a modulus below 2^256: 32 bytes; else none.
pub fn modexp(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Option<Vec<u8>> {
    let modulus = word(modulus)?;
    if modulus == ZERO {
        return Some(Vec::new());
    }
    let m = &modulus;
    let one = reduce(&ONE, m);
    // 2^256 mod m
    let radix = mulmod256(&reduce(&[u64::MAX; 4], m), &ONE, &ONE, m);
    let (first, words) = base.as_rchunks::<WORD_BYTES>();
    let mut base = reduce(&word(first)?, m);
    for digit in words {
        base = mulmod256(&base, &radix, &word(digit)?, m);
    }
    let mut power = one;
    let mut is_one = true;
    for byte in exponent {
        for bit in (0..8).rev() {
            if !is_one {
                power = mulmod256(&power, &power, &ZERO, m);
            }
            if byte >> bit & 1 == 1 {
                power = mulmod256(&power, &base, &ZERO, m);
                is_one = false;
            }
        }
    }
    Some(U256::from_limbs(power).to_be_bytes::<WORD_BYTES>().to_vec())
}

/// The number in big-endian bytes, if it is below 2^256.
fn word(bytes: &[u8]) -> Option<Word256> {
    U256::try_from_be_slice(bytes.get(leading_zeros(bytes)..)?).map(U256::into_limbs)
}

fn leading_zeros(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == 0).count()
}
