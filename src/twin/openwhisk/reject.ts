/** Rejects a request with an HTTP status and a message. */
export class Reject extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
