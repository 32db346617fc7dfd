// Registers for changes as the front ends of the original do, and prints what comes: a line of JSON
// per step. Ends when its input does.
//
//   node changes.mjs URL polling,websocket '[{"endpointName":…}]'
import { io } from "socket.io-client";

const [url, transports, queries] = process.argv.slice(2);
const say = (step) => process.stdout.write(`${JSON.stringify(step)}\n`);

const socket = io(url, {
  transports: transports.split(","),
  query: { correlationId: "REACT-handshake" },
  reconnection: false,
});
// Before the namespace is joined, which may come after an upgrade.
socket.io.on("open", () => {
  const engine = socket.io.engine;
  say({ step: "connected", transport: engine.transport.name });
  engine.once("upgrade", (transport) => say({ step: "upgraded", transport: transport.name }));
});
socket.on("connect", () => {
  socket.emit("register", JSON.parse(queries), (...answer) => say({ step: "registered", answer }));
});
socket.on("change", (...change) => say({ step: "change", change }));
socket.on("connect_error", (error) => say({ step: "refused", reason: String(error) }));
socket.on("disconnect", (reason) => say({ step: "disconnected", reason }));

process.stdin.resume();
process.stdin.on("end", () => {
  socket.close();
  process.exit(0);
});
