import { createHash } from "node:crypto";
import type { ImageConfig } from "../image/image-archive.ts";
import { recipe as kubernetes } from "../debian/recipe.ts";

/** Raise when the code of this folder changes what it makes of a recipe. */
const revision = 1;

/** An image made of files of Debian's packages. Plain data: everything that decides its content, except what the archive has that day. */
export interface DebianImageRecipe {
  /** The image is `localkube.local/NAME`. */
  readonly name: string;
  /** They are unpacked with everything that they depend on; nothing of them is run or configured. */
  readonly packages: readonly string[];
  /** Files and folders that the image has of them, in full, with `TRIPLET` for Debian's name of the architecture; where these are programs, the libraries that they load come along. */
  readonly files: readonly string[];
  /** Regular expressions over paths: what is left out of the folders of `files`. */
  readonly without?: readonly string[];
  /** The certificates of the public authorities, where programs look for them. */
  readonly certificates?: boolean;
  /** Who runs it; without one, root. */
  readonly user?: { readonly name: string; readonly id: number };
  /** Folders that the packages do not have, which belong to the user; with the mode 1777 they are everybody's. */
  readonly folders?: Readonly<Record<string, "user" | "everybody">>;
  /** Targets of links by path. */
  readonly links?: Readonly<Record<string, string>>;
  /** Texts that the image has in place of the packages' own, by path. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly config: Pick<ImageConfig, "Entrypoint" | "Cmd" | "Env" | "WorkingDir">;
}

/** What scripts of addons call; busybox is asked by the name that it is called by. */
const applets =
  "[ awk base64 basename cat chmod chown cp cut date dd dirname du echo env expr false find grep gunzip gzip head hostname httpd id ip kill ln ls mkdir mktemp " +
  "mv nc nslookup od ping printf ps pwd rm rmdir sed seq sh sha256sum sleep sort stat sync tail tar tee test timeout touch tr true uname uniq usleep vi wc wget xargs";

const shell = {
  package: "busybox-static",
  file: "/bin/busybox",
  links: Object.fromEntries(applets.split(" ").map((name) => [`/bin/${name}`, "busybox"])),
};

const recipes: readonly DebianImageRecipe[] = [
  {
    name: "busybox",
    packages: [shell.package],
    files: [shell.file],
    links: shell.links,
    folders: { "/tmp": "everybody" },
    config: { Cmd: ["sh"], Env: ["PATH=/bin"] },
  },
  {
    name: "docker-registry",
    packages: ["docker-registry"],
    files: ["/usr/bin/docker-registry", "/etc/docker/registry/config.yml"],
    certificates: true,
    user: { name: "registry", id: 1000 },
    folders: { "/var/lib/docker-registry": "user", "/tmp": "everybody" },
    config: {
      Entrypoint: ["/usr/bin/docker-registry"],
      Cmd: ["serve", "/etc/docker/registry/config.yml"],
    },
  },
  {
    // With a shell, because members of a cluster have to find out where they are.
    name: "etcd",
    packages: ["etcd-server", "etcd-client", shell.package],
    files: ["/usr/bin/etcd", "/usr/bin/etcdctl", shell.file],
    links: shell.links,
    user: { name: "etcd", id: 1000 },
    folders: { "/var/lib/etcd": "user", "/tmp": "everybody" },
    // 3.4 wants to be told that it may run on arm64; elsewhere it means nothing.
    config: { Cmd: ["/usr/bin/etcd"], Env: ["PATH=/usr/bin:/bin", "ETCD_UNSUPPORTED_ARCH=arm64"] },
  },
  {
    name: "etcd-discovery",
    packages: ["etcd-discovery"],
    files: ["/usr/bin/discovery.etcd.io", "/etc/etcd-discovery/etcd-discovery.conf"],
    certificates: true,
    user: { name: "etcd", id: 1000 },
    config: { Entrypoint: ["/usr/bin/discovery.etcd.io"] },
  },
  {
    name: "prometheus",
    packages: ["prometheus"],
    files: ["/usr/bin/prometheus", "/usr/share/prometheus"],
    // Its pages link whole libraries, with the time zones of every year and the languages of every country.
    without: [
      "^/usr/share/javascript/moment-timezone/data",
      "^/usr/share/javascript/moment/locale",
      "\\.map$",
    ],
    certificates: true,
    user: { name: "prometheus", id: 1000 },
    folders: { "/var/lib/prometheus": "user", "/tmp": "everybody" },
    config: { Entrypoint: ["/usr/bin/prometheus"] },
  },
  {
    name: "node-exporter",
    packages: ["prometheus-node-exporter"],
    files: ["/usr/bin/prometheus-node-exporter"],
    user: { name: "prometheus", id: 1000 },
    config: { Entrypoint: ["/usr/bin/prometheus-node-exporter"] },
  },
  {
    name: "haproxy",
    packages: ["haproxy"],
    files: ["/usr/sbin/haproxy", "/etc/haproxy/errors"],
    certificates: true,
    user: { name: "haproxy", id: 1000 },
    folders: { "/var/lib/haproxy": "user", "/run/haproxy": "user", "/tmp": "everybody" },
    config: { Entrypoint: ["/usr/sbin/haproxy"] },
  },
  {
    name: "mariadb",
    packages: ["mariadb-server-core", "mariadb-client-core", shell.package],
    files: [
      "/usr/sbin/mariadbd",
      "/usr/bin/mariadb",
      // What mariadb-install-db makes the first tables of.
      ...[
        "mysql_system_tables",
        "mysql_performance_tables",
        "mysql_system_tables_data",
        "mysql_sys_schema",
      ].map((name) => `/usr/share/mysql/${name}.sql`),
      "/usr/share/mysql/english",
      "/usr/share/mysql/charsets",
      shell.file,
    ],
    links: shell.links,
    user: { name: "mysql", id: 1000 },
    folders: { "/var/lib/mysql": "user", "/run/mysqld": "user", "/tmp": "everybody" },
    config: { Cmd: ["/usr/sbin/mariadbd"], Env: ["PATH=/usr/sbin:/usr/bin:/bin"] },
  },
  {
    // All that Keystone's packages bring of Python, with the client `openstack`.
    name: "keystone",
    packages: [
      ...["keystone", "python3-openstackclient", "python3-pymysql", "uwsgi-core", "uwsgi-plugin-python3"],
      shell.package,
    ],
    files: [
      ...["/usr/bin/python3", "/usr/lib/python3.11", "/usr/lib/python3"],
      ...["/usr/bin/keystone-manage", "/usr/bin/keystone-wsgi-public", "/usr/bin/openstack"],
      ...["/etc/keystone", "/usr/share/keystone", "/usr/share/zoneinfo"],
      // Loaded by name, which no program shows.
      "/usr/lib/TRIPLET/ossl-modules",
      ...["/usr/bin/uwsgi-core", "/usr/lib/uwsgi/plugins/python311_plugin.so"],
      shell.file,
    ],
    without: [
      "/dist-packages/[^/]+/tests$",
      "/dist-packages/(sphinx|gevent|pygments/lexers)$",
      "/__pycache__$",
    ],
    certificates: true,
    links: shell.links,
    user: { name: "keystone", id: 1000 },
    folders: { "/var/lib/keystone": "user", "/tmp": "everybody" },
    config: {
      Env: ["PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/tmp"],
      Cmd: ["/usr/bin/keystone-manage", "--help"],
    },
  },
];

export const debianImageSuite = kubernetes.suite;

/** Addon data names images like this, without a tag; `localkube.local` is no registry. */
const prefix = "localkube.local/";

/** The recipe of an image that is wished by reference; undefined when the reference is of something else. */
export const debianImageRecipe = (ref: string): DebianImageRecipe | undefined =>
  ref.startsWith(prefix) ? recipes.find(({ name }) => name === ref.slice(prefix.length)) : undefined;

/** Images with equal keys are interchangeable. */
export const debianImageKey = (recipe: DebianImageRecipe): string =>
  createHash("sha256")
    .update(JSON.stringify([revision, debianImageSuite, recipe]))
    .digest("hex")
    .slice(0, 10);

/** The reference that the image has in its archive. */
export const debianImageRef = (recipe: DebianImageRecipe): string =>
  `${prefix}${recipe.name}:${debianImageKey(recipe)}`;
