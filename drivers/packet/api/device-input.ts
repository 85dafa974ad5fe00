/** Body of `POST /projects/{id}/devices`, as far as we use it. `userdata` contains the machine's private host key: never log it. */
export interface DeviceInput {
  readonly hostname: string;
  readonly plan: string;
  readonly operating_system: string;
  readonly billing_cycle: string;
  /** One of the two. */
  readonly metro?: string;
  readonly facility?: readonly string[];
  readonly tags: readonly string[];
  readonly userdata: string;
  /** Always both lists: without them the API would authorize every key of the project and the organisation. */
  readonly project_ssh_keys: readonly string[];
  readonly user_ssh_keys: readonly string[];
  readonly spot_instance?: true;
  readonly spot_price_max?: number;
  readonly hardware_reservation_id?: string;
  /** ISO 8601. */
  readonly termination_time?: string;
}
