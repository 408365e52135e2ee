# Checks on a Windows host what wine can't show: the program in real containers, with Windows' own TLS.
# docs/windows.md says what each check is for. It was never run where it was written, which has no Windows.
#
#   powershell -ExecutionPolicy Bypass -File docker\windows\check.ps1 [-Windows ltsc2022] [-Isolation hyperv]
#
# Needs Docker with Windows containers, access to mcr.microsoft.com, and the program in
# dist\windows-amd64\ca-entrypoint.exe. Prints a line for each check, 'ok' or 'FAILED', and exits with 1 when
# one failed. Images and containers it makes are named ca-entrypoint-check*; it removes the containers, and
# the certificates that it makes in the stores of the user who runs it. For Windows PowerShell 5.1 or later.
param(
    # Those whose containers the host can run; its own, if none is given. With -File, PowerShell takes one.
    [ValidateSet('ltsc2019', 'ltsc2022', 'ltsc2025')]
    [string[]] $Windows,
    [ValidateSet('process', 'hyperv')]
    [string] $Isolation
)

$ErrorActionPreference = 'Continue'
$project = (Resolve-Path (Join-Path $PSScriptRoot '..\..')).Path
$program = 'C:\ca-entrypoint.exe'
$clients = @('pwsh', '-NoProfile', '-File', 'C:\check\check-inside.ps1', '-Do', 'clients')
$script:failures = 0

function Write-Check {
    param([bool] $IsGood, [string] $What, [string] $Details = '')
    if ($IsGood) {
        Write-Host "ok      $What"
    } else {
        $script:failures += 1
        Write-Host "FAILED  $What"
        if ($Details -ne '') { Write-Host ("        " + ($Details -replace "`r?`n", "`n        ")) }
    }
}

# Runs docker; gives the exit code, as eight hexadecimal digits too, and all that was printed.
function Invoke-Docker {
    param([string[]] $Arguments)
    $lines = @(& docker @Arguments 2>&1 | ForEach-Object { "$_" })
    $code = $LASTEXITCODE
    New-Object PSObject -Property @{
        Code = $code
        Hex  = ('{0:X8}' -f $code)
        Text = ($lines -join "`n").Trim()
    }
}

# The options of docker build and docker run that choose the isolation.
function Get-Isolation {
    if ($Isolation) { "--isolation=$Isolation" }
}

function New-Image {
    param([string] $Name, [string] $File, [string] $Context, [string[]] $Options = @())
    $arguments = @('build', '--tag', $Name, '--file', $File) + @(Get-Isolation) + $Options + @($Context)
    $result = Invoke-Docker $arguments
    Write-Check ($result.Code -eq 0) "$Name is built" $result.Text
    $result.Code -eq 0
}

# In the container that serves.
function Invoke-Inside {
    param([string] $User, [string[]] $Command)
    Invoke-Docker (@('exec', '--user', $User, $script:container) + $Command)
}

# Compares what the clients say with what they should say.
function Test-Clients {
    param([string] $What, [string] $Text, [string[]] $Trusting, [string[]] $Refusing)
    foreach ($client in $Trusting) {
        Write-Check ($Text -match "(?m)^$client ok") "${What}: $client connects" $Text
    }
    foreach ($client in $Refusing) {
        Write-Check ($Text -match "(?m)^$client refused") "${What}: $client refuses" $Text
    }
}

# A CA, another below it that is there to be put into the store for such, and a certificate for localhost.
function New-Certificates {
    param([string] $Directory)
    $common = @{ CertStoreLocation = 'Cert:\CurrentUser\My' }
    $ca = @{ Type = 'Custom'; KeyUsage = @('CertSign', 'CRLSign'); TextExtension = @('2.5.29.19={critical}{text}ca=1') }
    $root = New-SelfSignedCertificate @common @ca -Subject 'CN=ca-entrypoint check root'
    $intermediate = New-SelfSignedCertificate @common @ca -Subject 'CN=ca-entrypoint check intermediate' -Signer $root
    $leaf = @{ Type = 'SSLServerAuthentication'; Subject = 'CN=localhost'; DnsName = 'localhost'; KeyExportPolicy = 'Exportable' }
    $server = New-SelfSignedCertificate @common @leaf -Signer $root
    $password = ConvertTo-SecureString -String 'check' -AsPlainText -Force
    $null = Export-PfxCertificate -Cert $server -FilePath (Join-Path $Directory 'server.pfx') -Password $password -ChainOption EndEntityCertOnly
    $pem = ''
    foreach ($certificate in $root, $intermediate) {
        $pem += "-----BEGIN CERTIFICATE-----`n"
        $pem += [Convert]::ToBase64String($certificate.RawData, [Base64FormattingOptions]::InsertLineBreaks) -replace "`r", ''
        $pem += "`n-----END CERTIFICATE-----`n"
    }
    [System.IO.File]::WriteAllText((Join-Path $Directory 'ca.crt'), $pem, [System.Text.Encoding]::ASCII)
    # Windows puts a copy of a new CA among the user's intermediates.
    foreach ($certificate in $root, $intermediate, $server) {
        foreach ($place in 'Cert:\CurrentUser\My', 'Cert:\CurrentUser\CA') {
            $path = Join-Path $place $certificate.Thumbprint
            if (-not (Test-Path $path)) { continue }
            if ($place -like '*My') { Remove-Item -DeleteKey $path } else { Remove-Item $path }
        }
    }
}

function Test-Base {
    param([string] $Name, [string] $Base, [string] $Carrier, [string] $Context)
    $image = "ca-entrypoint-check:$Name"
    $dockerfile = Join-Path $Context 'Dockerfile'
    $options = @('--build-arg', "BASE=$Base", '--build-arg', "CA_ENTRYPOINT=$Carrier")
    if (-not (New-Image $image $dockerfile $Context $options)) { return }

    $script:container = "ca-entrypoint-check-$Name"
    $null = Invoke-Docker @('rm', '--force', $script:container)
    $serve = @('--entrypoint', 'pwsh', $image, '-NoProfile', '-File', 'C:\check\check-inside.ps1', '-Do', 'serve')
    $result = Invoke-Docker (@('run', '--detach', '--name', $script:container) + @(Get-Isolation) + $serve)
    for ($second = 0; $second -lt 60; $second += 1) {
        if ((Invoke-Docker @('logs', $script:container)).Text -match 'serving') { break }
        Start-Sleep -Seconds 1
    }
    $readers = @('Invoke-WebRequest', 'curl', 'git-schannel')
    $result = Invoke-Inside 'ContainerUser' $clients
    Write-Check ($result.Text -match '(?m)^server ok') "${Name}: the server answers" $result.Text
    Test-Clients "$Name, without the CA" $result.Text @() ($readers + @('git-openssl'))

    # ContainerUser, who can't write the stores.
    $what = "$Name, ContainerUser"
    $result = Invoke-Inside 'ContainerUser' (@($program) + $clients)
    Write-Check ($result.Text -match 'trust store cannot be written') "${what}: is told that the store is closed" $result.Text
    Write-Check ($result.Text -match "hint: programs that use Windows' own TLS") "${what}: is told who won't see the CA" $result.Text
    Test-Clients $what $result.Text @('git-schannel', 'git-openssl', 'curl-cacert') @('Invoke-WebRequest', 'curl')
    $result = Invoke-Inside 'ContainerUser' @($program, 'cmd', '/c', 'exit', '0')
    Write-Check ($result.Code -eq 0 -and $result.Text -eq '') "${what}: the second start is silent" $result.Text

    # ContainerAdministrator.
    $what = "$Name, ContainerAdministrator"
    $result = Invoke-Inside 'ContainerAdministrator' (@($program) + $clients)
    Write-Check ($result.Text -match 'trust store updated: 2 added, 0 removed') "${what}: the store is written" $result.Text
    Test-Clients $what $result.Text ($readers + @('git-openssl')) @()
    $unset = ($result.Text -split "`n") -match '^git-unset'
    Write-Host "note    ${what}: git without http.sslBackend, which looks for revocation lists: $unset"
    if ($Name -like 'servercore*') { Test-Clients $what $result.Text @('PowerShell-5.1') @() }
    $result = Invoke-Inside 'ContainerAdministrator' @($program, 'cmd', '/c', 'exit', '0')
    Write-Check ($result.Code -eq 0 -and $result.Text -eq '') "${what}: the second start is silent" $result.Text
    $stores = @('pwsh', '-NoProfile', '-File', 'C:\check\check-inside.ps1', '-Do', 'stores')
    $result = Invoke-Inside 'ContainerAdministrator' $stores
    Write-Check ($result.Text -match '(?m)^Root ca-entrypoint-\S+ CN=ca-entrypoint check root') "${what}: Root has the root, by its friendly name" $result.Text
    Write-Check ($result.Text -match '(?m)^CA ca-entrypoint-\S+ CN=ca-entrypoint check intermediate') "${what}: CA has the intermediate" $result.Text
    Write-Check (@($result.Text -split "`n").Count -eq 2) "${what}: and nothing else is ours" $result.Text

    # With the CA in the store, ContainerUser needs nothing.
    $what = "$Name, ContainerUser after that"
    $result = Invoke-Inside 'ContainerUser' @($program, 'cmd', '/c', 'exit', '0')
    Write-Check ($result.Code -eq 0 -and $result.Text -eq '') "${what}: a start is silent" $result.Text
    $result = Invoke-Inside 'ContainerUser' $clients
    Test-Clients $what $result.Text ($readers + @('git-openssl')) @()

    # Exit codes, and arguments as they were given.
    foreach ($code in 0, 1, 42, 255) {
        $result = Invoke-Inside 'ContainerAdministrator' @($program, 'cmd', '/c', 'exit', "$code")
        Write-Check ($result.Code -eq $code) "${Name}: exit code $code" $result.Text
    }
    $result = Invoke-Inside 'ContainerAdministrator' @($program, 'cmd', '/c', 'exit', '-1073741819')
    Write-Check ($result.Hex -match 'C0000005$') "${Name}: exit code 0xC0000005" "$($result.Hex) $($result.Text)"
    $result = Invoke-Inside 'ContainerAdministrator' @($program, 'no-such-command')
    Write-Check ($result.Code -eq 127) "${Name}: a command that isn't there is 127" "$($result.Code) $($result.Text)"
    $result = Invoke-Inside 'ContainerAdministrator' @($program, 'C:\check\ca.crt')
    Write-Check ($result.Code -eq 126) "${Name}: a file that is no program is 126" "$($result.Code) $($result.Text)"
    $echo = @('cmd', '/c', 'echo', 'a  b', 'c^d', 'x,y;z', 'end\')
    $with = Invoke-Inside 'ContainerAdministrator' (@($program) + $echo)
    $without = Invoke-Inside 'ContainerAdministrator' $echo
    Write-Check ($with.Text -ceq $without.Text -and $with.Text -ne '') "${Name}: arguments arrive as without it" "$($with.Text)`n$($without.Text)"
    $result = Invoke-Inside 'ContainerAdministrator' @($program, 'C:\check\arguments.cmd', 'a b', '%OS%', 'c&d')
    Write-Check ($result.Text -match '\["?a b"?\] \["?%OS%"?\] \["?c&d"?\]') "${Name}: a batch file's arguments are no commands" $result.Text

    # Taken out again.
    $result = Invoke-Inside 'ContainerAdministrator' @($program, '--remove')
    Write-Check ($result.Text -match '0 added, 2 removed') "${Name}: --remove takes both out" $result.Text
    $result = Invoke-Inside 'ContainerAdministrator' $stores
    Write-Check ($result.Text -eq '') "${Name}: none is left in the stores" $result.Text
    Test-Clients "$Name, after --remove" (Invoke-Inside 'ContainerUser' $clients).Text @() ($readers + @('git-openssl'))
    $null = Invoke-Docker @('rm', '--force', $script:container)

    # docker stop. The event's number is that of CTRL_SHUTDOWN_EVENT.
    $wait = @($image, 'pwsh', '-NoProfile', '-File', 'C:\check\check-inside.ps1', '-Do', 'wait')
    $null = Invoke-Docker (@('run', '--detach', '--name', $script:container) + @(Get-Isolation) + $wait)
    for ($second = 0; $second -lt 60; $second += 1) {
        if ((Invoke-Docker @('logs', $script:container)).Text -match 'waiting') { break }
        Start-Sleep -Seconds 1
    }
    $null = Invoke-Docker @('stop', $script:container)
    $logs = (Invoke-Docker @('logs', $script:container)).Text
    $code = (Invoke-Docker @('inspect', '--format', '{{.State.ExitCode}}', $script:container)).Text
    Write-Check ($logs -match 'event 6') "${Name}: docker stop reaches the command" $logs
    Write-Check ($code -eq '43') "${Name}: and the container ends with its exit code" $code
    $null = Invoke-Docker @('rm', '--force', $script:container)
}

if (-not (Test-Path (Join-Path $project 'dist\windows-amd64\ca-entrypoint.exe'))) {
    Write-Host "FAILED  dist\windows-amd64\ca-entrypoint.exe isn't there: make it with 'make build-windows' on Linux"
    exit 1
}
$server = Invoke-Docker @('version', '--format', '{{.Server.Os}}')
if ($server.Text -ne 'windows') {
    Write-Host "FAILED  Docker doesn't run Windows containers: $($server.Text)"
    exit 1
}
if (-not $Windows) {
    $build = [System.Environment]::OSVersion.Version.Build
    $Windows = 'ltsc2019'
    if ($build -ge 20348) { $Windows = 'ltsc2022' }
    if ($build -ge 26100) { $Windows = 'ltsc2025' }
}

$context = Join-Path ([System.IO.Path]::GetTempPath()) ('ca-entrypoint-check-' + [System.Guid]::NewGuid().ToString('N'))
$null = New-Item -ItemType Directory -Path $context
try {
    New-Certificates $context
    Copy-Item (Join-Path $PSScriptRoot 'check-inside.ps1') $context
    Set-Content -Path (Join-Path $context 'arguments.cmd') -Encoding Ascii -Value '@echo [%1] [%2] [%3]'
    $dockerfile = @(
        'ARG CA_ENTRYPOINT'
        'ARG BASE'
        'FROM ${CA_ENTRYPOINT} AS ca-entrypoint'
        'FROM ${BASE}'
        'COPY --from=ca-entrypoint /ca-entrypoint.exe /ca-entrypoint.exe'
        'COPY ca.crt /GitLab-Runner/certs/ca.crt'
        'COPY . /check/'
        'USER ContainerAdministrator'
        'ENTRYPOINT ["C:\\ca-entrypoint.exe"]'
    )
    Set-Content -Path (Join-Path $context 'Dockerfile') -Encoding Ascii -Value $dockerfile

    foreach ($tag in $Windows) {
        # nanoserver alone: whatever DLL the program needs is there, or the loader says 0xC0000135.
        $carrier = "ca-entrypoint-check-carrier:$tag"
        $file = Join-Path $PSScriptRoot 'Dockerfile'
        if (-not (New-Image $carrier $file $project @('--build-arg', "TAG=$tag"))) { continue }
        $result = Invoke-Docker (@('run', '--rm') + @(Get-Isolation) + @($carrier, '--version'))
        Write-Check ($result.Code -eq 0 -and $result.Text -match '^ca-entrypoint ') "nanoserver-${tag}: the program loads" "$($result.Hex) $($result.Text)"
        $result = Invoke-Docker (@('run', '--rm') + @(Get-Isolation) + @($carrier, 'cmd', '/c', 'exit', '42'))
        Write-Check ($result.Code -eq 42) "nanoserver-${tag}: without a CA, the command runs" "$($result.Hex) $($result.Text)"

        # These have PowerShell 7, MinGit and curl.exe.
        $nano = "nanoserver-$tag"
        if ($tag -eq 'ltsc2019') { $nano = 'nanoserver-1809' }
        Test-Base "nanoserver-$tag" "mcr.microsoft.com/dotnet/sdk:9.0-$nano" $carrier $context
        Test-Base "servercore-$tag" "mcr.microsoft.com/dotnet/sdk:9.0-windowsservercore-$tag" $carrier $context
    }
} finally {
    Remove-Item -Recurse -Force $context
}
if ($script:failures -gt 0) {
    Write-Host "$($script:failures) checks failed"
    exit 1
}
Write-Host 'all checks passed'
exit 0
