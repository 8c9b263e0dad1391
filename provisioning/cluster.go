package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"

	"tiepdan/provisioning/enrol"
)

// clusterCommand prints what a node of a NATS cluster has to know of this centre. The
// keys are made if there are none: the cluster comes before the first centre.
func clusterCommand(_ context.Context, args []string, e env) error {
	set := flag.NewFlagSet("cluster", flag.ContinueOnError)
	root := set.String("data", defaultData, "`DIR` of the centre, with its keys")
	resolver := set.String("accounts", "/var/lib/nats/accounts", "`DIR` on the node where it keeps who is shut out")
	if err := flags(set, args, e); err != nil {
		return err
	}
	data, err := openData(*root)
	if err != nil {
		return err
	}
	defer data.close()
	keys, err := data.keys(true)
	if err != nil {
		return err
	}
	authority, err := enrol.NewAuthority(keys.authority)
	if err != nil {
		return err
	}
	operator, err := authority.OperatorToken()
	if err != nil {
		return err
	}
	accounts, err := authority.Accounts(nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, `# Include this in nats-server.conf of every node, beside its own server_name, listen,
# cluster and jetstream {store_dir, sync_interval: always}.
max_payload: 1MB
operator: %s
system_account: %s
resolver {
  type: full
  dir: %q
  allow_delete: false
  interval: "2m"
}
resolver_preload {
`, operator, authority.System(), *resolver)
	for _, key := range slices.Sorted(maps.Keys(accounts)) {
		fmt.Fprintf(e.out, "  %s: %s\n", key, accounts[key])
	}
	_, err = fmt.Fprintln(e.out, "}")
	return err
}
