/** What a runtime is given and gives: a conflist, what it is called with, its result. */

export type ChainVerb = "add" | "del" | "check" | "gc" | "status";

export interface ChainOptions {
  /** Default eth0. */
  readonly ifname?: string;
  /** CAP_ARGS: goes to the plugins that declare the capability. */
  readonly capArgs?: Readonly<Record<string, unknown>>;
  /** CNI_ARGS. */
  readonly cniArgs?: string;
  /** Needs our own runner: cnitool derives it from the netns path. Default there: the pod's. */
  readonly containerId?: string;
  /** For gc; needs our own runner, cnitool treats every attachment it knows as stale. */
  readonly validAttachments?: readonly Attachment[];
  /** Default: cnitool where it is installed and nothing above needs the runner. */
  readonly client?: "cnitool" | "runner";
  /** Throw when the chain fails (the default), or hand the failure back. */
  readonly reject?: boolean;
  /** More for the plugins' environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Attachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** A conflist; what the plugins in it mean is theirs. */
export interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly PluginConf[];
  readonly disableCheck?: boolean;
}

export interface PluginConf {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly [key: string]: unknown;
}

/** The result of the whole chain, in the version of the conflist. */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces?: readonly {
    readonly name: string;
    readonly mac?: string;
    readonly mtu?: number;
    readonly sandbox?: string;
  }[];
  readonly ips?: readonly {
    readonly interface?: number;
    readonly address: string;
    readonly gateway?: string;
  }[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
}
