/** An answer of the metadata service; `body` is sent as JSON. */
export interface MetadataReply {
  status: number;
  body: unknown;
}
