//go:build !linux

package cardsim

import "net"

func quickAck(net.Conn) {} // vpcd is a program of Linux
