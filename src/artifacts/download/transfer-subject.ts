/** What messages say about a transfer. */
export interface TransferSubject {
  /** Identity of the artifact. */
  readonly path: string;
  /** Host of upstream, or the mirror's folder or address (without credentials). */
  readonly source: string;
  readonly mirror: boolean;
}
