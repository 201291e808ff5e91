import { Fp } from '../../field/fp.ts';

export const LIMB = 2 ** 16;
export const BYTE = 2 ** 8;
/** Division by these is exact over the integers where a range check says so. */
export const INV_LIMB = Fp.inv(LIMB);
export const INV_BYTE = Fp.inv(BYTE);
