using Comox.NodeAgent.Hardware.Gpus;

namespace Comox.NodeAgent.Tests.Hardware;

public sealed class KernelLogTests
{
    [Theory]
    [InlineData("3,1432,5137820011,-;NVRM: Xid (PCI:0000:01:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.", "0000:01:00.0", 79)]
    [InlineData("4,9,12,-,caller=T1;NVRM: Xid (PCI:0000:C1:00.0): 31, pid=4321, name=llama-server, Ch 00000008", "0000:c1:00.0", 31)]
    [InlineData("3,10,13,-;NVRM: Xid (PCI:0000:41:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)", "0000:41:00.0", 154)]
    public void A_record_of_the_driver_is_an_XID(string line, string pci, int code)
    {
        var xid = KernelLog.Parse(line);

        Assert.Equal((pci, code), (xid?.PciId, xid?.Code));
    }

    [Theory]
    [InlineData("")]
    [InlineData("6,1,2,-;NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.54.14")]
    [InlineData("12,1,2,-;NVRM: Xid (PCI:0000:01:00): 79, a program that writes into the log")]
    [InlineData(" SUBSYSTEM=pci")]
    [InlineData("3,1,2,-;NVRM: Xid (PCI:zz): 79, x")]
    [InlineData("3,1,2,-;NVRM: Xid (PCI:0000:01:00): 99999999999, x")]
    public void Another_line_is_none(string line) => Assert.Null(KernelLog.Parse(line));

    [Fact]
    public void A_log_is_read_to_its_end_and_one_that_cannot_be_read_is_no_error()
    {
        var path = Path.GetTempFileName();
        var seen = new List<KernelXid>();
        try
        {
            File.WriteAllText(path, new string('x', 40_000) + "\n3,1,2000000,-;NVRM: Xid (PCI:0000:01:00): 79, off\n SUBSYSTEM=pci\n3,2,3000000,-;NVRM: Xid (PCI:0000:01:00): 154, x\n3,2,3");

            Assert.True(new KernelLog(path).Read(seen.Add));
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Equal([new("0000:01:00.0", 79, TimeSpan.FromSeconds(2)), new("0000:01:00.0", 154, TimeSpan.FromSeconds(3))], seen);
        Assert.False(new KernelLog("/nowhere/kmsg").Read(seen.Add));
    }
}
