// Sends messages at a steady pace, as programs do that stay below their limit, and tells how each fared.
//
//	sender listen ADDRESS:PORT                              until it is killed
//	sender tcp ADDRESS:PORT BYTES PERIOD COUNT              a message of so many bytes in each period
//	sender udp ADDRESS:PORT BYTES PERIOD COUNT SEGMENTS     so many datagrams of so many bytes each, in one UDP_SEGMENT send
//	sender datagrams …                                      the same in a send each
//	sender watch ADDRESS:PORT                               until SIGTERM: the marks that come, of each sender (marks.go)
//	sender steady ADDRESS:PORT BYTES PERIOD COUNT           datagrams that nobody answers
//
// One line of JSON: what came, and the milliseconds from each message's first byte to the listener's answer to its last.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	args := os.Args[1:]
	if len(args) == 2 && args[0] == "listen" {
		listen(args[1])
		return
	}
	if len(args) == 2 && args[0] == "watch" {
		watchMarks(args[1])
		return
	}
	if len(args) < 5 {
		fail(fmt.Errorf("too few arguments"))
	}
	size, count, segments := number(args[2]), number(args[4]), 1
	period, err := time.ParseDuration(args[3])
	check(err)
	if len(args) > 5 {
		segments = number(args[5])
	}
	if args[0] == "steady" {
		sendSteadily(args[1], size, period, count)
		return
	}
	var sent report
	if args[0] == "tcp" {
		sent = sendStream(args[1], size, period, count)
	} else {
		sent = sendDatagrams(args[1], size, period, count, segments, args[0] == "udp")
	}
	check(json.NewEncoder(os.Stdout).Encode(sent))
}

type report struct {
	Messages int     `json:"messages"`
	Segments int     `json:"segments"`
	Arrived  int     `json:"arrived"`
	Resent   int     `json:"resent"`
	P50      float64 `json:"p50"`
	Max      float64 `json:"max"`
}

// A stream's messages are answered with one byte, the last datagram of a burst with itself.
func listen(address string) {
	tcp, err := net.Listen("tcp", address)
	check(err)
	udp, err := net.ListenPacket("udp", address)
	check(err)
	check(udp.(*net.UDPConn).SetReadBuffer(4 << 20))
	arrived := make(chan int, 1)
	arrived <- 0
	go func() {
		buffer := make([]byte, 65536)
		for {
			length, from, err := udp.ReadFrom(buffer)
			check(err)
			arrived <- <-arrived + 1
			if buffer[0] == lastOfBurst {
				_, _ = udp.WriteTo(buffer[:min(length, 16)], from)
			}
		}
	}()
	go func() {
		for {
			stream, err := tcp.Accept()
			check(err)
			go answer(stream, arrived)
		}
	}()
	select {}
}

const lastOfBurst = 1

// A message begins with its length; an empty one asks how many datagrams have come since the last who asked.
func answer(stream net.Conn, arrived chan int) {
	defer stream.Close()
	reader := bufio.NewReaderSize(stream, 1<<18)
	header := make([]byte, 8)
	for {
		if _, err := io.ReadFull(reader, header); err != nil {
			return
		}
		length := binary.BigEndian.Uint64(header)
		if length == 0 {
			binary.BigEndian.PutUint64(header, uint64(<-arrived))
			arrived <- 0
			_, _ = stream.Write(header)
			continue
		}
		if _, err := io.CopyN(io.Discard, reader, int64(length)-8); err != nil {
			return
		}
		_, _ = stream.Write([]byte{0})
	}
}

func sendStream(address string, size int, period time.Duration, count int) report {
	stream := connect(address)
	message, reply := make([]byte, size), make([]byte, 1)
	binary.BigEndian.PutUint64(message, uint64(size))
	times := paced(period, count, func() bool {
		_, err := stream.Write(message)
		check(err)
		_, err = io.ReadFull(stream, reply)
		check(err)
		return true
	})
	info := tcpInfo(stream.(*net.TCPConn))
	return summary(report{Messages: count, Segments: int(info.segsOut), Arrived: count, Resent: int(info.totalRetrans)}, times)
}

func sendDatagrams(address string, size int, period time.Duration, count, segments int, inOne bool) report {
	control := connect(address)
	askArrived(control)
	conn, err := net.Dial("udp", address)
	check(err)
	if inOne {
		segmentInKernel(conn.(*net.UDPConn), size)
	}
	burst := make([]byte, size*segments)
	burst[size*(segments-1)] = lastOfBurst
	reply := make([]byte, 65536)
	times := paced(period, count, func() bool {
		if inOne {
			_, err := conn.Write(burst)
			check(err)
		} else {
			for at := 0; at < segments; at++ {
				// What a full queue says to a sender is one more datagram that does not arrive.
				_, _ = conn.Write(burst[at*size : (at+1)*size])
			}
		}
		_ = conn.SetReadDeadline(time.Now().Add(period))
		_, err := conn.Read(reply)
		return err == nil
	})
	time.Sleep(300 * time.Millisecond)
	return summary(report{Messages: count, Segments: count * segments, Arrived: askArrived(control)}, times)
}

// The listener may have been started a moment ago.
func connect(address string) net.Conn {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		stream, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err == nil {
			return stream
		}
		if time.Now().After(deadline) {
			fail(err)
		}
	}
}

func askArrived(control net.Conn) int {
	header := make([]byte, 8)
	_, err := control.Write(header)
	check(err)
	_, err = io.ReadFull(control, header)
	check(err)
	return int(binary.BigEndian.Uint64(header))
}

// The milliseconds of each message that was answered. One that takes longer than the period delays the next.
func paced(period time.Duration, count int, send func() bool) []float64 {
	times := []float64{}
	next := time.Now()
	for sent := 0; sent < count; sent++ {
		if wait := time.Until(next); wait > 0 {
			time.Sleep(wait)
		} else {
			// One that was late is not followed by two at once: that sender would not conform.
			next = time.Now()
		}
		began := time.Now()
		if send() {
			times = append(times, float64(time.Since(began).Microseconds())/1000)
		}
		next = next.Add(period)
	}
	return times
}

func summary(sent report, times []float64) report {
	sort.Float64s(times)
	if len(times) > 0 {
		sent.P50, sent.Max = times[len(times)/2], times[len(times)-1]
	}
	return sent
}

func segmentInKernel(conn *net.UDPConn, size int) {
	const solUDP, udpSegment = 17, 103
	onSocket(conn, func(fd int) error { return syscall.SetsockoptInt(fd, solUDP, udpSegment, size) })
}

type info struct{ totalRetrans, segsOut uint32 }

// struct tcp_info of linux/tcp.h: tcpi_total_retrans, tcpi_segs_out.
func tcpInfo(conn *net.TCPConn) (found info) {
	const tcpInfoOption = 11
	buffer := make([]byte, 256)
	length := uint32(len(buffer))
	onSocket(conn, func(fd int) error {
		_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.IPPROTO_TCP, tcpInfoOption,
			uintptr(unsafe.Pointer(&buffer[0])), uintptr(unsafe.Pointer(&length)), 0)
		if errno != 0 {
			return errno
		}
		return nil
	})
	return info{binary.NativeEndian.Uint32(buffer[100:]), binary.NativeEndian.Uint32(buffer[136:])}
}

func onSocket(conn syscall.Conn, do func(fd int) error) {
	raw, err := conn.SyscallConn()
	check(err)
	var failure error
	check(raw.Control(func(fd uintptr) { failure = do(int(fd)) }))
	check(failure)
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "sender:", err)
	os.Exit(1)
}
