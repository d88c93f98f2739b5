/** A request is refused: the HTTP status and the text of the answer. */
export class Reject extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
