package main

import (
	"context"
	"flag"
	"fmt"
)

// keysCommand is `provisioning keys rotate`: the gateway gets new keys, which those of
// before vouch for.
func keysCommand(_ context.Context, args []string, e env) error {
	if len(args) == 0 || args[0] != "rotate" {
		fmt.Fprintln(e.err, "usage: provisioning keys rotate [-data DIR]")
		return errUsage
	}
	set := flag.NewFlagSet("keys rotate", flag.ContinueOnError)
	root := set.String("data", defaultData, "`DIR` of the centre, which must not be serving")
	if err := flags(set, args[1:], e); err != nil {
		return err
	}
	data, err := openData(*root)
	if err != nil {
		return err
	}
	defer data.close()
	if _, err := data.keys(false); err != nil { // those there are have to be whole
		return err
	}
	if err := data.rotate(); err != nil {
		return err
	}
	keys, err := data.keys(false)
	if err != nil {
		return err
	}
	recipient, err := keys.gateway.Recipient()
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "new keys in %s; kiosks will seal to %s\n", data.path("keys"), recipient)
	fmt.Fprintf(e.out, "Copy %s and %s to every other centre and gateway, start them all, and make a new backup.\n", identityFile, receiptFile)
	return nil
}

// tellKeys tells kiosks of keys that changed while the centre did not run; then it waits for ctx.
func (c *centre) tellKeys(ctx context.Context) error {
	told, err := c.registry.DesireAnew(ctx)
	if err != nil {
		return err
	}
	if told > 0 {
		c.log.Info("kiosks are told anew what they are to be", "kiosks", told)
	}
	<-ctx.Done()
	return nil
}
