/** Why a proof is rejected: thrown inside the verifier and turned into its result at the border, never further. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly stage: string;
  readonly code: string;

  /**
   * @param stage part of the verifier that noticed
   * @param code names the violated rule
   * @param detail what was expected, what came
   */
  constructor(stage: string, code: string, detail: string) {
    super(detail);
    this.stage = stage;
    this.code = code;
  }
}
