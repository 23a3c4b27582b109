/** What makes and reads kernel objects, on a stock kernel. */
import { testOnStockKernel } from "./stock-suites.ts";

await testOnStockKernel("test/kernel", "test/e2e");
