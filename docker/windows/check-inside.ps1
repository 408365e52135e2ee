# The part of check.ps1 that runs in the containers, by PowerShell 7: a TLS server, clients of it, and a
# look at the machine's stores.
param(
    [Parameter(Mandatory = $true)]
    [ValidateSet('serve', 'clients', 'stores', 'wait')]
    [string] $Do
)

$site = 'https://localhost:8443'

# Answers every request, and git's as a server of files alone would.
function Start-Server {
    $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new('C:\check\server.pfx', 'check')
    $tls12 = [System.Security.Authentication.SslProtocols]::Tls12
    $listener = [System.Net.Sockets.TcpListener]::Create(8443)
    $listener.Start()
    Write-Output 'serving'
    while ($true) {
        $client = $listener.AcceptTcpClient()
        try {
            $client.ReceiveTimeout = 10000
            $stream = [System.Net.Security.SslStream]::new($client.GetStream(), $false)
            $stream.AuthenticateAsServer($certificate, $false, $tls12, $false)
            $reader = [System.IO.StreamReader]::new($stream)
            $request = $reader.ReadLine()
            while ($reader.ReadLine()) { }
            $body = 'hello'
            if ($request -like '*/info/refs*') { $body = "0123456789012345678901234567890123456789`trefs/heads/main`n" }
            if ($request -like '*/HEAD *') { $body = "ref: refs/heads/main`n" }
            $answer = "HTTP/1.1 200 OK`r`nContent-Type: text/plain`r`nContent-Length: $($body.Length)`r`nConnection: close`r`n`r`n$body"
            $bytes = [System.Text.Encoding]::ASCII.GetBytes($answer)
            $stream.Write($bytes, 0, $bytes.Length)
            $stream.Flush()
        } catch {
            # A client that doesn't trust the server hangs up.
        } finally {
            $client.Close()
        }
    }
}

# One line: the client's name, and how it fared.
function Test-Client {
    param([string] $Name, [scriptblock] $Action)
    $global:LASTEXITCODE = 0
    $why = ''
    try {
        $output = & $Action
        if ($LASTEXITCODE -ne 0) { $why = "exit code $LASTEXITCODE $output" }
    } catch {
        $why = $_.Exception.Message
    }
    $why = $why -replace '\s+', ' '
    if ($why -eq '') { Write-Output "$Name ok" } else { Write-Output "$Name refused: $why" }
}

# A private CA names no list of revoked certificates, which curl and git look for by Schannel unless told.
function Test-Clients {
    Test-Client 'server' { curl.exe --silent --show-error --fail --insecure --output NUL "$site/" 2>&1 }
    Test-Client 'Invoke-WebRequest' { Invoke-WebRequest -UseBasicParsing -Uri "$site/" -ErrorAction Stop | Out-Null }
    Test-Client 'curl' { curl.exe --silent --show-error --fail --ssl-no-revoke --output NUL "$site/" 2>&1 }
    Test-Client 'git-schannel' { git -c http.sslBackend=schannel -c http.schannelCheckRevoke=false ls-remote "$site/repository" 2>&1 }
    Test-Client 'git-openssl' { git -c http.sslBackend=openssl ls-remote "$site/repository" 2>&1 }
    Test-Client 'git-unset' { git ls-remote "$site/repository" 2>&1 }
    if ($env:CURL_CA_BUNDLE) {
        Test-Client 'curl-cacert' { curl.exe --silent --show-error --fail --ssl-no-revoke --cacert $env:CURL_CA_BUNDLE --output NUL "$site/" 2>&1 }
    }
    if (Get-Command powershell.exe -ErrorAction SilentlyContinue) {
        $script = "[Net.ServicePointManager]::SecurityProtocol = 'Tls12'; try { `$null = Invoke-WebRequest -UseBasicParsing -Uri $site/ } catch { exit 1 }"
        Test-Client 'PowerShell-5.1' { powershell.exe -NoProfile -Command $script 2>&1 }
    }
}

# The entries of ours: store, friendly name, subject.
function Show-Stores {
    foreach ($name in 'Root', 'CA') {
        $store = [System.Security.Cryptography.X509Certificates.X509Store]::new($name, 'LocalMachine')
        $store.Open('ReadOnly')
        foreach ($certificate in $store.Certificates) {
            if ($certificate.FriendlyName -like 'ca-entrypoint-*') {
                Write-Output "$name $($certificate.FriendlyName) $($certificate.Subject)"
            }
        }
        $store.Close()
    }
}

# Waits for the event that docker stop sends, says its number, and ends with 43.
function Wait-ForEvent {
    Add-Type -TypeDefinition @'
using System;
using System.Runtime.InteropServices;
using System.Threading;

public static class ConsoleEvents
{
    public delegate bool Handler(uint number);

    [DllImport("kernel32.dll", SetLastError = true)]
    private static extern bool SetConsoleCtrlHandler(Handler handler, bool add);

    private static readonly Handler Kept = Handle;

    private static bool Handle(uint number)
    {
        Console.Out.WriteLine("event " + number);
        Console.Out.Flush();
        Environment.Exit(43);
        return true;
    }

    public static void Wait()
    {
        SetConsoleCtrlHandler(Kept, true);
        Console.Out.WriteLine("waiting");
        Console.Out.Flush();
        Thread.Sleep(Timeout.Infinite);
    }
}
'@
    [ConsoleEvents]::Wait()
}

switch ($Do) {
    'serve' { Start-Server }
    'clients' { Test-Clients }
    'stores' { Show-Stores }
    'wait' { Wait-ForEvent }
}
exit 0
