package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// watchdog tells the service manager (systemd, Type=notify) that the centre serves, and then
// that it is alive as long as it answers at its own address. A full disk is no reason to be
// started anew: that answers too.
func (c *centre) watchdog(ctx context.Context, self string) error {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		c.log.Warn("the watchdog's time is none", "err", err)
	}
	if every == 0 {
		every = time.Minute // READY is told all the same
	}
	// Whether the certificate is the right one is for others to ask.
	client := &http.Client{Timeout: every / 3, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	looks := time.NewTicker(every / 3)
	defer looks.Stop()
	for ready := false; ; {
		resp, err := client.Get(self + "/healthz")
		if err == nil {
			err = resp.Body.Close()
		}
		if err == nil {
			_, err = daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			if err == nil && !ready {
				ready = true
				_, err = daemon.SdNotify(false, daemon.SdNotifyReady)
			}
		}
		if err != nil && ctx.Err() == nil {
			c.log.Error("not alive", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-looks.C:
		}
	}
}
