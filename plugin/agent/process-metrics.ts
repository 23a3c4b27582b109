/** What every exporter says of its own process, by the names that dashboards know. */
import { Counter, Gauge, type Metric } from "prom-client";

export function processMetrics(): readonly Metric[] {
  const cpu = new Counter({
    name: "process_cpu_seconds_total",
    help: "Processor time that the agent has used, without the tools that it starts.",
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const memory = new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the agent.",
    registers: [],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  const start = new Gauge({
    name: "process_start_time_seconds",
    help: "When the agent was started, in seconds since 1970.",
    registers: [],
  });
  start.set(Math.round(performance.timeOrigin / 1000));
  return [cpu, memory, start];
}
