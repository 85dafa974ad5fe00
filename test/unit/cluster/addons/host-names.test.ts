import { request } from "node:http";
import { expect, test } from "vitest";
import { builtInAddon } from "../../../../src/addons/catalogue.ts";
import { chooseAddon, probeFor } from "../../../../src/cluster/addons/choose.ts";
import { knownHostNames } from "../../../../src/cluster/addons/host-names.ts";
import { withHostPage } from "../../../../src/cluster/addons/host-page.ts";
import type { ClusterRecord } from "../../../../src/state/cluster-record.ts";

const target = { kubernetesVersion: "v1.20.2", artifactsSource: "debian" } as const;
const chosen = async (options: Record<string, string> = {}) =>
  chooseAddon(await builtInAddon("host-access"), {}, options, target);
const name = "host.localkube.internal";
const { signal } = new AbortController();

test("an address that is not known is refused with the option that says it", async () => {
  const seen = () => Promise.resolve({ problem: "connections come from 198.51.100.1" });
  await expect(knownHostNames(await chosen(), seen)).rejects.toMatchObject({
    id: "ADDON_HOST_UNKNOWN",
    fix: expect.stringContaining("--set host-access.address=ADDRESS") as string,
  });
  const given = await knownHostNames(await chosen({ address: "198.51.100.7" }), seen);
  expect(given).toEqual([{ name, option: "address", at: { address: "198.51.100.7", listen: "127.0.0.1" } }]);
});

test.each(["example", "10.0.0.300", ""])("%j is no address", async (address) => {
  await expect(chosen({ address })).rejects.toMatchObject({ id: "ADDON_OPTION_INVALID" });
});

const get = (port: string, path: string) =>
  new Promise<{ readonly status: number | undefined; readonly text: string }>((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode, text }));
    });
    asked.on("error", reject).end();
  });

test("a page is served under the name for as long as it is needed, and only who knows its path gets it", async () => {
  const one = await chosen();
  const probe = probeFor(one, {} as ClusterRecord);
  const seenHost = () => Promise.resolve({ address: "10.0.2.2", listen: "127.0.0.1" });
  const url = await withHostPage(probe, one, { seenHost }, signal, async (page) => {
    const { hostname, port, pathname } = new URL(page);
    expect(hostname).toBe(name);
    expect(await get(port, pathname)).toMatchObject({
      status: 200,
      text: expect.stringMatching(/^a page/) as string,
    });
    expect((await get(port, "/")).status).toBe(404);
    return new URL(page);
  });
  await expect(get(url.port, url.pathname)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("no page without one in the probe", async () => {
  const unasked = { seenHost: () => Promise.reject(new Error("the machine was asked")) };
  const one = await chosen();
  const probe = { type: "api", path: "/" } as const;
  expect(await withHostPage(probe, one, unasked, signal, (page) => Promise.resolve(page))).toBe("");
});
