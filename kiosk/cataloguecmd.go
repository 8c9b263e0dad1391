package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"tiepdan/kiosk/catalogue"
	"tiepdan/kiosk/link"
)

// catalogueCommand is `kiosk catalogue check [-on DAY] [DIR]`: it loads a
// catalogue as a kiosk would and prints what is wrong, one line each with file,
// field and value; without DIR, the one this program was built with. `kiosk catalogue pack
// DIR FILE` makes of it what the centre takes. It returns the exit code.
func catalogueCommand(args []string, stdout, stderr io.Writer) int {
	const usage = "usage: kiosk catalogue check [-on 2026-11-23] [DIR]\n       kiosk catalogue pack DIR FILE"
	if len(args) == 3 && args[0] == "pack" {
		return packCommand(args[1], args[2], stdout, stderr)
	}
	if len(args) == 0 || args[0] != "check" {
		fmt.Fprintln(stderr, usage)
		return 1
	}
	flags := flag.NewFlagSet("kiosk catalogue check", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { fmt.Fprintln(stderr, usage) }
	day := flags.String("on", "", "the day to check for; empty: today")
	if err := flags.Parse(args[1:]); err != nil {
		return 1
	}
	on := time.Now()
	if *day != "" {
		var err error
		if on, err = time.Parse(time.DateOnly, *day); err != nil {
			fmt.Fprintf(stderr, "-on %q is not a day like 2026-11-23\n", *day)
			return 1
		}
	}

	var c *catalogue.Catalogue
	var err error
	switch flags.NArg() {
	case 0:
		c, err = catalogue.Embedded(on)
	case 1:
		c, err = catalogue.Load(os.DirFS(flags.Arg(0)), on)
	default:
		fmt.Fprintln(stderr, usage)
		return 1
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	forms := 0
	for _, p := range c.Procedures() {
		if p.Form != nil {
			forms++
		}
	}
	fmt.Fprintf(stdout, "ok: version %.12s in force on %s: %d procedures (%d with a form), %d services, %d units\n",
		c.Version, c.On, len(c.Procedures()), forms, len(c.Services), len(c.Units))
	if !c.NextChange.IsZero() {
		fmt.Fprintf(stdout, "something else is in force from %s\n", c.NextChange)
	}
	return 0
}

// packCommand packs a folder that a kiosk could go by today.
func packCommand(dir, file string, stdout, stderr io.Writer) int {
	pack, err := catalogue.WritePack(os.DirFS(dir))
	if err == nil {
		var from catalogue.Source
		if from, err = catalogue.OpenPack(pack); err == nil {
			_, err = from.On(time.Now())
		}
	}
	if err == nil {
		err = writeFile(file, pack)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	fmt.Fprintf(stdout, "ok: %s, %d bytes, %s\n", file, len(pack), link.HashOf(pack))
	return 0
}
