// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {ERC20, IERC20, IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

/// A stand-in for staking contracts whose shares have an exchange rate and whose leavers queue, as those
/// of Lido (wstETH) and Rocket Pool (rETH) are. It is none of them and of no public chain: it is there so
/// that models, strategies and rehearsals have such a contract, whose code can be had.
///
/// A share is worth `pooled / totalSupply()` of the asset. An oracle reports what validators earned or
/// lost, which moves the rate and no token. Whoever leaves burns shares and joins a queue for what they are
/// worth at that moment; neither rewards nor losses change it later. (Lido lowers it by losses until it is
/// set aside; Rocket Pool has no queue, and pays at the rate of the moment or not at all.) An operator sets
/// the next in the queue aside, out of tokens that lie here, and then they can be claimed.
///
/// What is staked stays here; what is earned lies with the validators until it is sent here, by a plain
/// transfer. Oracle and operator have no further power, and nobody else has any: no token leaves but to
/// whoever claims. The asset is a plain token: no fee on transfer, no rebasing, no hooks.
contract StakingPool is ERC20 {
    using SafeERC20 for IERC20;

    /// A stake that buys no share, or a request worth nothing: rounding would take all of it.
    error Nothing();
    /// The caller has not the role that this takes.
    error NotAllowed(address caller);
    /// The last report is younger than an hour.
    error TooSoon(uint256 timestamp, uint256 earliest);
    /// The report is of more than one may be.
    error TooMuch(int256 change, uint256 most);
    /// No request of this number waits in the queue.
    error NotWaiting(uint256 request);
    /// More is due than lies here and is not set aside yet.
    error Illiquid(uint256 due, uint256 buffer);
    /// The caller has no request of this number: there is none, it is another's, or it was claimed.
    error NotYours(uint256 request, address caller);
    /// The request still waits in the queue.
    error NotSetAside(uint256 request);

    event Staked(address indexed owner, uint256 assets, uint256 shares);
    event Reported(int256 change, uint256 pooled);
    event Requested(uint256 indexed request, address indexed owner, uint256 shares, uint256 assets);
    event Finalised(uint256 indexed upTo, uint256 assets);
    event Claimed(uint256 indexed request, address indexed owner, uint256 assets);

    /// What an owner is due, and the sum of all that was ever requested, this request included.
    struct Request {
        address owner;
        uint256 assets;
        uint256 until;
    }

    /// The shortest time between two reports.
    uint256 public constant INTERVAL = 1 hours;
    /// The most that a report may add to what is pooled, and the most that it may take, in 1/10,000.
    uint256 public constant MOST_REWARD = 10;
    uint256 public constant MOST_LOSS = 500;
    uint256 private constant WHOLE = 10_000;

    IERC20 public immutable asset;
    address public immutable oracle;
    address public immutable operator;
    uint8 private immutable _decimals;

    /// What all shares are worth. It is 0 where there are no shares, and nowhere else.
    uint256 public pooled;
    /// What can be claimed.
    uint256 public setAside;
    /// When the last report came.
    uint256 public reportedAt;
    /// The number of the last request, and of the last that was set aside; the first is number 1.
    uint256 public last;
    uint256 public finalised;
    /// What an account is due of all its requests that it has not claimed.
    mapping(address account => uint256 assets) public queuedOf;

    mapping(uint256 number => Request request) private requests;
    /// All that an account ever requested; what is claimed stays in it.
    mapping(address account => uint256[] numbers) private numbersOf;

    // A pool of an asset that is none, or without an oracle or an operator, harms nobody but its stakers.
    // slither-disable-next-line missing-zero-check
    constructor(IERC20Metadata asset_, string memory name, string memory symbol, address oracle_, address operator_)
        ERC20(name, symbol)
    {
        asset = asset_;
        oracle = oracle_;
        operator = operator_;
        _decimals = asset_.decimals();
    }

    // --------------------------------------------------------------------------------- stakers

    /// Takes tokens for shares at the rate of the moment, rounded down.
    function stake(uint256 assets) external returns (uint256 shares) {
        uint256 supply = totalSupply();
        shares = supply == 0 ? assets : Math.mulDiv(assets, supply, pooled);
        if (shares == 0) revert Nothing();
        pooled += assets;
        _mint(msg.sender, shares);
        emit Staked(msg.sender, assets, shares);
        asset.safeTransferFrom(msg.sender, address(this), assets);
    }

    /// Burns shares for a place in the queue, worth what they are worth now, rounded down.
    function request(uint256 shares) external returns (uint256 number) {
        uint256 supply = totalSupply();
        _burn(msg.sender, shares);
        // Shares that could be burnt are of a supply that is not 0, unless they are none.
        uint256 assets = shares == 0 ? 0 : Math.mulDiv(shares, pooled, supply);
        if (assets == 0) revert Nothing();
        pooled -= assets;
        uint256 until = requests[last].until + assets;
        number = ++last;
        requests[number] = Request(msg.sender, assets, until);
        queuedOf[msg.sender] += assets;
        numbersOf[msg.sender].push(number);
        emit Requested(number, msg.sender, shares, assets);
    }

    /// Pays what a request of the caller's was set aside.
    function claim(uint256 number) external returns (uint256 assets) {
        Request storage claimed = requests[number];
        if (claimed.owner != msg.sender) revert NotYours(number, msg.sender);
        if (number > finalised) revert NotSetAside(number);
        assets = claimed.assets;
        claimed.owner = address(0);
        claimed.assets = 0;
        setAside -= assets;
        queuedOf[msg.sender] -= assets;
        emit Claimed(number, msg.sender, assets);
        asset.safeTransfer(msg.sender, assets);
    }

    // ----------------------------------------------------------------------------------- roles

    /// Adds what validators earned to what is pooled, or takes what they lost, within bounds and at most
    /// once an hour.
    function report(int256 change) external {
        if (msg.sender != oracle) revert NotAllowed(msg.sender);
        uint256 earliest = reportedAt + INTERVAL;
        // A proposer can shift the timestamp by seconds, and reports are an hour apart.
        // slither-disable-next-line timestamp
        if (block.timestamp < earliest) revert TooSoon(block.timestamp, earliest);
        uint256 size = SignedMath.abs(change);
        uint256 most = Math.mulDiv(pooled, change < 0 ? MOST_LOSS : MOST_REWARD, WHOLE);
        if (size > most) revert TooMuch(change, most);
        pooled = change < 0 ? pooled - size : pooled + size;
        reportedAt = block.timestamp;
        emit Reported(change, pooled);
    }

    /// Sets the next in the queue aside, up to a request, all of it or none.
    function finalise(uint256 upTo) external {
        if (msg.sender != operator) revert NotAllowed(msg.sender);
        if (upTo <= finalised || upTo > last) revert NotWaiting(upTo);
        uint256 due = requests[upTo].until - requests[finalised].until;
        uint256 liquid = buffer();
        if (due > liquid) revert Illiquid(due, liquid);
        finalised = upTo;
        setAside += due;
        emit Finalised(upTo, due);
    }

    // ----------------------------------------------------------------------------------- views

    /// As many as the asset has: the first share is worth a unit of it.
    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    /// What lies here and is not set aside.
    function buffer() public view returns (uint256) {
        return asset.balanceOf(address(this)) - setAside;
    }

    /// What an account's shares are worth, rounded down.
    function assetsOf(address account) external view returns (uint256) {
        uint256 shares = balanceOf(account);
        return shares == 0 ? 0 : Math.mulDiv(shares, pooled, totalSupply());
    }

    /// Everything of the queue that is of no account: the numbers of the last request and of the last that
    /// was set aside, and what was ever requested up to each.
    function queue()
        external
        view
        returns (uint256 lastNumber, uint256 finalisedNumber, uint256 requested, uint256 everSetAside)
    {
        return (last, finalised, requests[last].until, requests[finalised].until);
    }

    /// An account's requests that it has not claimed, in the order of their numbers.
    function requestsOf(address account)
        external
        view
        returns (uint256[] memory numbers, uint256[] memory assets, uint256[] memory untils)
    {
        uint256[] storage every = numbersOf[account];
        uint256 count = 0;
        for (uint256 i = 0; i < every.length; i++) {
            if (requests[every[i]].owner != address(0)) count++;
        }
        numbers = new uint256[](count);
        assets = new uint256[](count);
        untils = new uint256[](count);
        count = 0;
        for (uint256 i = 0; i < every.length; i++) {
            Request storage each = requests[every[i]];
            if (each.owner == address(0)) continue;
            (numbers[count], assets[count], untils[count]) = (every[i], each.assets, each.until);
            count++;
        }
    }
}
