import { KERNELS_BASE64 } from '../../kernels/generated/kernels.ts';

/** The kernels' code. */
export function kernelBytes(): Uint8Array<ArrayBuffer> {
  const text = atob(KERNELS_BASE64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
