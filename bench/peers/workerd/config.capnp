using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "main", worker = .parent) ],
  sockets = [ (name = "http", http = (), service = "main") ],  # --socket-addr says where
);

const parent :Workerd.Worker = (
  modules = [ (name = "server.mjs", esModule = embed "server.mjs") ],
  compatibilityDate = "2026-01-01",
  bindings = [ (name = "LOADER", workerLoader = (id = "jobs")) ],
);
