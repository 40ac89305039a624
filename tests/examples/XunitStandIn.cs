// Stands in for xUnit 2 in our own tests, which have no NuGet: runs the facts of MailSyncTest.
using System;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading.Tasks;

namespace Xunit
{
    public class FactAttribute : Attribute { }

    public interface IAsyncLifetime
    {
        Task InitializeAsync();
        Task DisposeAsync();
    }

    static class Runner
    {
        [DllImport("libc")]
        static extern void _exit(int code); // Mono's own end hangs or crashes in one run of twenty

        static void Main()
        {
            var code = 0;
            var methods = typeof(MailSyncTest).GetMethods();
            foreach (var fact in methods.Where(method => method.IsDefined(typeof(FactAttribute), false)))
            {
                try
                {
                    Run(new MailSyncTest(), test => (Task)fact.Invoke(test, null)).Wait();
                    Console.WriteLine("passed " + fact.Name);
                }
                catch (AggregateException error)
                {
                    Console.WriteLine("FAILED " + fact.Name + "\n" + error.InnerException.Message);
                    code = 1;
                }
            }
            Console.Out.Flush();
            _exit(code);
        }

        static async Task Run(MailSyncTest test, Func<MailSyncTest, Task> fact)
        {
            await test.InitializeAsync();
            try { await fact(test); }
            finally { await test.DisposeAsync(); }
        }
    }
}
