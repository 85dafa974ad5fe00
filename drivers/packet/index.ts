import { packetDriver } from "./packet-driver.ts";

export default packetDriver();
