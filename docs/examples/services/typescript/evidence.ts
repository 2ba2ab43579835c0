// Where the service shows its work, and what wakes it.
//
// The inventory, the audit, the links that viewers get, and timers are other services in a real organisation. This
// module is the one place that knows where they are: put yours in here. With EGRESS_SIM_URL set they are egress-sim's;
// without it they are lines on stdout and timers of this process, and the tenants are read from the file that TENANTS
// names.

import { readFile } from "node:fs/promises";

import type { Recording } from "./ledger.ts";

export interface Tenant {
  name: string;
  buckets: { name: string; region: string; versioned: boolean }[];
  cdn: string | null;
  retention_seconds: number | null;
  retention_max_seconds: number | null;
  delete_within_seconds: number;
}

export interface AuditRecord {
  action: "delete" | "legal_hold" | "lift_hold";
  tenant: string;
  egress_id?: string;
  bucket?: string;
  key?: string;
  outcome: "done" | { refused: string };
  idempotency_key: string;
}

/** A moment, or seconds from now. */
export type When = { at: Date } | { after: number };

export class Evidence {
  tenants = new Map<string, Tenant>();
  backup: string | null = null;
  /** Seconds until the first round behind whatever has begun. */
  reconcile = 10;
  /** Seconds from one round to the next although nothing has. */
  patrol?: number;
  /** How this process is woken by itself, without egress-sim. */
  onTimer: (name: string, payload: string) => Promise<void> = async () => {};
  private timers = new Map<string, NodeJS.Timeout>();

  constructor(private url = process.env.EGRESS_SIM_URL) {}

  /** Learns who the tenants are, which buckets they have, and how long their recordings are kept. */
  async open(): Promise<void> {
    const boot = this.url
      ? await (await fetch(`${this.url}/boot`)).json()
      : JSON.parse(await readFile(process.env.TENANTS ?? "tenants.json", "utf8"));
    for (const tenant of boot.tenants) this.tenants.set(tenant.name, tenant);
    this.backup = boot.backup_bucket?.name ?? null;
    this.reconcile = seconds(boot.config?.reconcile) ?? this.reconcile;
    this.patrol = seconds(boot.config?.patrol);
  }

  tenant(name: string): Tenant {
    const tenant = this.tenants.get(name);
    if (!tenant) throw new Error(`there is no tenant ${name}`);
    return tenant;
  }

  /** Rows of the inventory, all or none. */
  async enter(...recordings: Recording[]): Promise<void> {
    const writes = recordings
      .filter((recording) => recording.egressId)
      .map((recording) => ({
        put_row: {
          egress_id: recording.egressId,
          tenant: recording.tenant,
          room: recording.room,
          bucket: recording.bucket,
          key: { prefix: recording.directory },
          backup_bucket: this.backup,
          kind: recording.track ? "track" : "composite",
          state: recording.state,
        },
      }));
    if (writes.length) await this.tell("POST", "/commit", { writes });
  }

  /** What was done. It may be told twice: the idempotency key says that it is the same. */
  async audit(records: AuditRecord[]): Promise<void> {
    if (records.length) await this.tell("POST", "/audit", records);
  }

  /** Gives viewers a link. */
  async publish({ egressId, tenant }: Recording, url: string): Promise<void> {
    await this.tell("POST", "/publish", { egress_id: egressId, tenant, url });
  }

  /** Takes it back. */
  async retract({ egressId }: Recording): Promise<void> {
    if (egressId) await this.tell("POST", "/retract", { egress_id: egressId });
  }

  /** A timer, which outlives the process; the same name replaces the one before. */
  async wake(name: string, when: When, payload = ""): Promise<void> {
    if (this.url) {
      const moment = "at" in when ? { at: when.at.toISOString() } : { in: `${when.after}s` };
      return this.tell("PUT", `/timers/${encodeURIComponent(name)}`, { ...moment, payload });
    }
    clearTimeout(this.timers.get(name));
    const wait = "at" in when ? when.at.getTime() - Date.now() : when.after * 1000;
    // Node's timers go no further than 24 days.
    const again = () => (wait > 2 ** 31 ? this.wake(name, when, payload) : this.onTimer(name, payload));
    this.timers.set(name, setTimeout(() => void again(), Math.min(Math.max(wait, 0), 2 ** 31 - 1)));
  }

  /** What cron is for: it posts to this process, in a scenario the clock of which nobody can wait for. */
  async wakeEvery(name: string, distance: number, path: string): Promise<void> {
    if (this.url) await this.tell("PUT", `/wake-ups/${encodeURIComponent(name)}`, { every: `${distance}s`, path });
  }

  private async tell(method: string, path: string, body: unknown): Promise<void> {
    if (!this.url) return console.log(path, JSON.stringify(body));
    const answer = await fetch(this.url + path, { method, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  }
}

/** Of a duration as scenario files have it, such as "10s" or "1h". */
function seconds(text?: string): number | undefined {
  const lengths: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };
  return text ? Number(text.slice(0, -1)) * lengths[text.slice(-1)] : undefined;
}
