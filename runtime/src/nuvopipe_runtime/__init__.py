"""nuvopipe's runtime: what runs inside a step action's container.

Four kinds of processes share the work:

* the **supervisor** is the process that OpenWhisk's launcher calls `main(args)` in. It talks to
  the object store, and walks the flow: `action` → `protocol` → `execution`, `store`.
* the **loader** has imported Metaflow and the flow, has been through Metaflow's CLI once, has a single thread, opens
  no connection, and forks warm processes (`execution.loader`).
* a **warm** process has one set of variables and secrets, and has imported the libraries of its steps, as far as a fork
  survives them; it forks a task on request (`execution.warm`).
* a **task** is one fork of that. It imports the user's modules and runs the user's code under Metaflow's own `MetaflowTask`
  (`execution.task`), and reads and writes artifacts through sockets to the supervisor (`wire`, `connections`, `storage`).
"""
