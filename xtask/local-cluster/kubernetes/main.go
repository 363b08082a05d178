// kubernetes is a whole Kubernetes in one program: what it does is told by the name it is called by (a link `kubelet` to
// it), or by its first argument (`kubernetes kubelet ...`).
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// The daemons that are cobra commands. Only the one that runs is made: they share global state.
var daemons = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-proxy":              proxy.NewProxyCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
}

func main() {
	if !run(filepath.Base(os.Args[0])) {
		os.Args = os.Args[1:]
		if len(os.Args) == 0 || !run(os.Args[0]) {
			fmt.Fprintln(os.Stderr, "usage: kubernetes dns|etcd|kubectl|kube-apiserver|kube-controller-manager|kube-proxy|kube-scheduler|kubelet [flags]")
			os.Exit(2)
		}
	}
}

// run reports whether the name is one of a program; those it knows do not return before they end.
func run(name string) bool {
	switch name {
	case "dns":
		serveDNS(os.Args[1:])
	case "etcd":
		etcdmain.Main(os.Args)
	case "kubectl":
		logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err)
		}
	default:
		daemon, known := daemons[name]
		if !known {
			return false
		}
		os.Exit(cli.Run(daemon()))
	}
	return true
}
