package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// What came of one sender, by its address.
type flow struct {
	Arrived int `json:"arrived"`
	// Packets by the byte of DSCP and ECN that they came with.
	Marks map[byte]int `json:"marks"`
	// The first packet, and each that has another mark than the one before it.
	Turns []turn `json:"turns"`
}

type turn struct {
	// Milliseconds of the clock of the day, when the kernel received it.
	At   float64 `json:"at"`
	Mark byte    `json:"mark"`
}

// Until it is told to end: which marks came, and when they changed. One line of JSON then.
func watchMarks(address string) {
	runtime.GOMAXPROCS(1)
	packets, err := net.ListenPacket("udp4", address)
	check(err)
	conn := packets.(*net.UDPConn)
	onSocket(conn, func(fd int) error {
		// Beyond what the system allows: what is lost is not to be lost here.
		if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, 64<<20); err != nil {
			return err
		}
		if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1); err != nil {
			return err
		}
		return syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, syscall.IP_RECVTOS, 1)
	})
	flows := map[string]*flow{}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		// What has come is still read.
		check(conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond)))
	}()
	fmt.Fprintln(os.Stderr, "ready")
	payload, control := make([]byte, 2048), make([]byte, 256)
	for {
		_, length, _, from, err := conn.ReadMsgUDPAddrPort(payload, control)
		if err != nil {
			break
		}
		mark, at := markAndTime(control[:length])
		key := from.Addr().String()
		one := flows[key]
		if one == nil {
			one = &flow{Marks: map[byte]int{}}
			flows[key] = one
		}
		one.Arrived++
		one.Marks[mark]++
		if last := len(one.Turns); last == 0 || one.Turns[last-1].Mark != mark {
			one.Turns = append(one.Turns, turn{at, mark})
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(flows))
}

func markAndTime(control []byte) (mark byte, at float64) {
	messages, err := syscall.ParseSocketControlMessage(control)
	check(err)
	for _, message := range messages {
		switch {
		case message.Header.Level == syscall.IPPROTO_IP && message.Header.Type == syscall.IP_TOS:
			mark = message.Data[0]
		case message.Header.Level == syscall.SOL_SOCKET && message.Header.Type == syscall.SCM_TIMESTAMPNS:
			stamp := *(*syscall.Timespec)(unsafe.Pointer(&message.Data[0]))
			at = float64(stamp.Sec)*1000 + float64(stamp.Nsec)/1e6
		}
	}
	return mark, at
}

type steady struct {
	Sent int `json:"sent"`
	// What the kernel did not take.
	Refused int `json:"refused"`
}

// Datagrams at a steady pace, to nobody who answers, until so many are sent or it is told to end. One that was late is followed
// at once by those that are due: it is their number that counts.
func sendSteadily(address string, size int, period time.Duration, count int) {
	// One thread has all to do: else each timer wakes several, and what is measured beside this waits for them.
	runtime.GOMAXPROCS(1)
	conn, err := net.Dial("udp4", address)
	check(err)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	datagram := make([]byte, size)
	var sent steady
	for next := time.Now(); sent.Sent < count && !told(stop); next = next.Add(period) {
		time.Sleep(time.Until(next))
		if _, err := conn.Write(datagram); err != nil {
			sent.Refused++
		}
		sent.Sent++
	}
	check(json.NewEncoder(os.Stdout).Encode(sent))
}

func told(stop chan os.Signal) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}
