import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { createValidator } from '../../../client/prover/guest/validate.ts';
import { needsData } from '../../support/data.ts';
import { guestInputOf, realBlock } from '../../support/real-blocks.ts';

const validator = createValidator(loadGuest());

describe('guest on malformed input', needsData(), () => {
  const good = (): Uint8Array => encodeGuestInput(guestInputOf(realBlock('mainnet-2675001')));

  test('rejects every truncation', async () => {
    const validate = await validator;
    const input = good();
    for (let length = 0; length < input.length; length += length < 256 ? 1 : 104) {
      const result = validate(input.slice(0, length));
      assert.ok(!result.ok);
      assert.equal(result.rule, 'input', `${length} bytes: ${result.reason}`);
    }
  });

  test('rejects trailing bytes', async () => {
    const validate = await validator;
    for (const extra of [1, 8, 64]) {
      const result = validate(Uint8Array.of(...good(), ...new Uint8Array(extra)));
      assert.ok(!result.ok);
      assert.equal(result.rule, 'input', result.reason);
    }
  });

  test('rejects any set bit of magic, version, counts and padding', async () => {
    const validate = await validator;
    const input = good();
    const view = new DataView(input.buffer);
    // Every byte that is structure: all but the items themselves.
    const structure: number[] = Array.from({ length: 8 }, (_, i) => i);
    let at = 8;
    for (let section = 0; section < 5; section++) {
      for (let i = 0; i < 8; i++) structure.push(at + i);
      const count = view.getUint32(at, true);
      at += 8;
      for (let item = 0; item < count; item++) {
        const length = view.getUint32(at, true);
        for (let i = 4; i < 8; i++) structure.push(at + i);
        at += 8;
        const end = at + length;
        at += Math.ceil(length / 8) * 8;
        for (let i = end; i < at; i++) structure.push(i);
      }
    }
    assert.equal(at, input.length);
    for (const byte of structure) {
      const changed = input.slice();
      changed[byte] = (changed[byte] ?? 0) ^ 1;
      const result = validate(changed);
      assert.ok(!result.ok, `byte ${byte}`);
    }
  });

  test('rejects two blocks, no block, no chain spec', async () => {
    const validate = await validator;
    const input = guestInputOf(realBlock('mainnet-1'));
    for (const reason of [/chainSpec has 0 items/, /blockRlp has 2 items/]) {
      const bytes = encodeGuestInput(input);
      const view = new DataView(bytes.buffer);
      const blockAt = 24 + Math.ceil(view.getUint32(16, true) / 8) * 8;
      if (reason.source.startsWith('chain')) view.setUint32(8, 0, true);
      else view.setUint32(blockAt, 2, true);
      const result = validate(bytes);
      assert.ok(!result.ok);
      assert.match(result.reason, reason);
    }
  });

  test('rejects a block that is not canonical RLP', async () => {
    const validate = await validator;
    const input = guestInputOf(realBlock('mainnet-1'));
    const { blockRlp } = input;
    for (const malformed of [
      new Uint8Array(0),
      blockRlp.slice(0, -1),
      Uint8Array.of(...blockRlp, 0xc0),
      Uint8Array.of(0x80),
    ]) {
      const result = validate(encodeGuestInput({ ...input, blockRlp: malformed }));
      assert.ok(!result.ok);
      assert.equal(result.rule, 'blockEncoding', result.reason);
    }
  });
});
