// What CRI-O does with a pod's network, by ocicni and libcni: ADD by a conf, CHECK and DEL by the conf that libcni kept of that ADD.
//
//	crio add CONFLIST NETNS CONTAINER IFNAME
//	crio check|del NETWORK NETNS CONTAINER IFNAME
//
// CNI_PATH, CNI_ARGS ("KEY=value;...") and CAP_ARGS (JSON) as cnitool takes them. libcni's cache is where CRI-O has it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/containernetworking/cni/libcni"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("usage: crio add CONFLIST|check NETWORK|del NETWORK, then NETNS CONTAINER IFNAME")
	}
	verb, what := args[0], args[1]
	cni := libcni.NewCNIConfig(filepath.SplitList(os.Getenv("CNI_PATH")), nil)
	pod := &libcni.RuntimeConf{NetNS: args[2], ContainerID: args[3], IfName: args[4], Args: cniArgs()}
	if text := os.Getenv("CAP_ARGS"); text != "" {
		if err := json.Unmarshal([]byte(text), &pod.CapabilityArgs); err != nil {
			return err
		}
	}
	if verb == "add" {
		list, err := libcni.ConfListFromFile(what)
		if err != nil {
			return err
		}
		result, err := cni.AddNetworkList(context.Background(), list, pod)
		if err != nil {
			return err
		}
		return result.PrintTo(os.Stdout)
	}
	list, pod, err := ofAdd(cni, what, pod)
	if err != nil {
		return err
	}
	switch verb {
	case "check":
		return cni.CheckNetworkList(context.Background(), list, pod)
	case "del":
		return cni.DelNetworkList(context.Background(), list, pod)
	default:
		return fmt.Errorf("there is no verb %s", verb)
	}
}

// ofAdd is ocicni's loadNetworkFromCache: the conf directory is not asked.
func ofAdd(cni *libcni.CNIConfig, network string, pod *libcni.RuntimeConf) (*libcni.NetworkConfigList, *libcni.RuntimeConf, error) {
	kept, pod, err := cni.GetNetworkListCachedConfig(&libcni.NetworkConfigList{Name: network}, pod)
	if err != nil {
		return nil, nil, err
	}
	if kept == nil {
		return nil, nil, fmt.Errorf("network %s is not in the cache", network)
	}
	list, err := libcni.ConfListFromBytes(kept)
	return list, pod, err
}

func cniArgs() [][2]string {
	var args [][2]string
	for _, pair := range strings.Split(os.Getenv("CNI_ARGS"), ";") {
		if key, value, found := strings.Cut(pair, "="); found {
			args = append(args, [2]string{key, value})
		}
	}
	return args
}
